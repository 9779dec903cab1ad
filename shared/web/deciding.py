"""Taking an answer: one transaction with the decision and its line in the audit trail."""

from shared.domain.decision import Choice, Decision
from shared.domain.pipeline import Json
from shared.domain.release import EventType, ReleaseId
from shared.domain.trail import Change
from shared.ports import Services
from shared.web.documents import moment as utc
from shared.web.filled import Filled, effective_at
from shared.web.question import Question
from shared.web.times import moment

SAID = {
    Choice.APPROVE: "approved",
    Choice.REJECT: "rejected",
    Choice.DEFER: "approved",
    Choice.REASSIGN: "handed on",
}


def decision_of(question: Question, filled: Filled) -> Decision:
    """The decision that an answer without mistakes stands for."""
    case, choice = question.case, filled.choice
    assert choice is not None, "a mistake otherwise"
    overtakes = question.newer_that_serves if filled.approves and filled.overtakes else None
    return Decision(
        release_id=case.release.id,
        stage=case.record.name,
        ask=case.ask.number,
        approver=case.person,
        choice=choice,
        comment=filled.comment,
        at=case.now,
        digest=case.ask.digest,
        revision=case.revision + 1,
        effective_at=effective_at(question, filled) if choice is Choice.DEFER else None,
        to=filled.to if choice is Choice.REASSIGN else None,
        overtakes=overtakes,
        replaces=_replaced(question, filled),
        signed_in=question.is_signed_in,
    )


def _replaced(question: Question, filled: Filled) -> tuple[ReleaseId, ...]:
    """The older ones that give way: of those that the page named, who still wait."""
    if not (filled.approves and question.may_replace_older):
        return ()
    return tuple(each.id for each in question.older if each.id in filled.replaces)


def write(services: Services, question: Question, decision: Decision) -> None:
    """Store a decision together with its event, if nobody else wrote the release meanwhile.

    Raises:
        ConflictError: Somebody did.
    """
    case = question.case
    details: dict[str, Json] = {
        "ask": decision.ask,
        "voice": question.voice,
        "choice": decision.choice.value,
        "comment": decision.comment,
        "digest": decision.digest,
        "revision": decision.revision,
        "effective_at": utc(decision.effective_at),
        "to": decision.to,
        "overtakes": decision.overtakes,
        "replaces": list(decision.replaces),
        "signed_in": decision.signed_in,
    }
    change = Change(case.release).noting(
        EventType.DECIDED,
        words_of(question, decision),
        at=decision.at,
        stage=decision.stage,
        actor=decision.approver,
        details=details,
    )
    services.store.save(
        stored=case.stored, release=change.release, events=change.events, decision=decision
    )


def words_of(question: Question, decision: Decision) -> str:
    """What was said, for the audit trail."""
    before = question.case.own[-1:]
    changed = "".join(f" (changed their mind: {SAID[each.choice]} before)" for each in before)
    said = f": {decision.comment}" if decision.comment else ""
    return f"{decision.approver} {_deed(decision)}{_terms(decision)}{changed}{said}"


def _deed(decision: Decision) -> str:
    if decision.choice is Choice.REASSIGN:
        return f"handed their voice over {decision.stage} to {decision.to}"
    return f"{SAID[decision.choice]} {decision.stage}"


def _terms(decision: Decision) -> str:
    parts = []
    if decision.effective_at is not None:
        parts.append(f" from {moment(decision.effective_at)} on")
    if decision.overtakes is not None:
        parts.append(f", in place of the newer version {decision.overtakes}")
    if decision.replaces:
        parts.append(f", and for {', '.join(decision.replaces)} to give way")
    return "".join(parts)
