"""Asks, the policies that they are judged by, and answers, as JSON."""

from shared.domain.ask import Ask, read_mail_key
from shared.domain.decision import Decision
from shared.domain.pipeline import Json
from shared.domain.policy import ApprovalPolicy, Delegation, Escalation, Freeze, Hours
from shared.domain.shortage import Shortage
from shared.domain.voices import Floor
from shared.web.documents.parts import moment


def ask_document(ask: Ask) -> dict[str, Json]:
    """Who is asked, until when, and how far that has come."""
    return {
        "number": ask.number,
        "asked_at": moment(ask.asked_at),
        "expires_at": moment(ask.expires_at),
        "digest": ask.digest,
        "approvers": list(ask.approvers),
        "policy": policy_document(ask.terms),
        "requester": ask.requester or None,
        "left_out": list(Floor(ask).left_out),
        "used": ask.used,
        "series": ask.series,
        "mailed": [mail_document(key) for key in ask.mailed],
        "refused": [mail_document(key) for key in ask.refused],
        "probed_at": moment(ask.probed_at),
        "degraded": list(ask.degraded),
        "unprobed": ask.unprobed or None,
        "overtakes": ask.overtakes,
    }


def shortage_document(shortage: Shortage) -> dict[str, Json]:
    """Why nobody can be asked, and how long the release waits for that to change."""
    return {
        "since": moment(shortage.since),
        "expires_at": moment(shortage.expires_at),
        "required": shortage.required,
        "available": shortage.available,
        "requester": shortage.requester or None,
        "left_out": list(shortage.left_out),
    }


def mail_document(key: str) -> dict[str, Json]:
    """A mail of an ask, from its key."""
    mail = read_mail_key(key)
    return {
        "purpose": str(mail.purpose),
        "number": mail.number,
        "person": mail.person,
        "voice": mail.voice,
    }


def policy_document(policy: ApprovalPolicy) -> dict[str, Json]:
    """Whom to ask, and what their answers do."""
    return {
        "voices": [{"name": each.name, "members": list(each.members)} for each in policy.voices],
        "required": policy.required,
        "order": policy.order.value,
        "reject": policy.reject.value,
        "timeout_seconds": policy.timeout_seconds,
        "reminders_seconds": list(policy.reminders_seconds),
        "escalation": _escalation(policy.escalation) if policy.escalation else None,
        "delegations": [_delegation(each) for each in policy.delegations],
        "requester_may_approve": policy.requester_may_approve,
        "time_zone": policy.time_zone,
        "hours": _hours(policy.hours) if policy.hours else None,
        "freezes": [_freeze(each) for each in policy.freezes],
        "require_sign_in": policy.require_sign_in,
        "supersede": policy.supersede.value,
        "probe_seconds": policy.probe_seconds,
        "names": dict(policy.names),
        "instructions": policy.instructions,
    }


def decision_document(decision: Decision) -> dict[str, Json]:
    """One person's answer."""
    return {
        "stage": decision.stage,
        "ask": decision.ask,
        "approver": decision.approver,
        "revision": decision.revision,
        "choice": decision.choice.value,
        "comment": decision.comment,
        "at": moment(decision.at),
        "effective_at": moment(decision.effective_at),
        "to": decision.to,
        "overtakes": decision.overtakes,
        "replaces": list(decision.replaces),
        "signed_in": decision.signed_in,
        "digest": decision.digest,
    }


def _escalation(escalation: Escalation) -> dict[str, Json]:
    return {"after_seconds": escalation.after_seconds, "to": list(escalation.to)}


def _delegation(delegation: Delegation) -> dict[str, Json]:
    return {
        "of": delegation.of,
        "to": delegation.to,
        "begins_at": moment(delegation.begins_at),
        "ends_at": moment(delegation.ends_at),
    }


def _hours(hours: Hours) -> dict[str, Json]:
    return {
        "days": list(hours.days),
        "opens": f"{hours.opens:%H:%M}",
        "closes": f"{hours.closes:%H:%M}",
    }


def _freeze(freeze: Freeze) -> dict[str, Json]:
    return {
        "begins_at": moment(freeze.begins_at),
        "ends_at": moment(freeze.ends_at),
        "reason": freeze.reason,
    }
