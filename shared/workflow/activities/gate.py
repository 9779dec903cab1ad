"""The gate of a stage: ask people, read their word, use it up."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain.approval import Judgement, Verdict, answers_to, is_possible, judge
from shared.domain.ask import Ask
from shared.domain.asking import next_mail_at
from shared.domain.calendar import may_begin_at
from shared.domain.decision import Decision
from shared.domain.errors import not_good_enough
from shared.domain.evidence import requester_of
from shared.domain.pipeline import Json
from shared.domain.policy import ApprovalPolicy
from shared.domain.release import EventType, ModelVersion, Outcome, StageRecord, StageState
from shared.domain.trail import Change
from shared.workflow.configuration import configuration_digest
from shared.workflow.contract import Answer
from shared.workflow.gate.evidence import digest_of, gather
from shared.workflow.gate.living import is_fresh, is_hoped_for, next_probe_at, probe_again
from shared.workflow.gate.mailing import look_after_accepted, retry_seconds, send_owed
from shared.workflow.gate.rivals import end_older, give_way
from shared.workflow.gate.shortage import fall_short, review_shortage
from shared.workflow.gate.voiding import (
    is_seen_void,
    is_void,
    policy_of,
    shown_in,
    still_stands,
    why_void,
)
from shared.workflow.gate.wording import waits_for, words_of_end, words_of_loss
from shared.workflow.turn import Turn

GRACE: Final = timedelta(seconds=5)
"""A decision made in time may be a moment on its way to the store."""


def ask_approval(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Freeze the evidence and open an ask, unless one is open; `ring` whom it concerns."""
    record, policy = turn.record, policy_of(turn)
    if turn.is_past(StageState.WAITING):
        return Answer.done(ring=[], number=0)
    is_open = record.ask is not None and not record.ask.used
    if record.shortage is None and (record.state is StageState.PENDING or not is_open):
        _open(turn, policy)
    ask = turn.record.ask
    number = ask.number if ask else 0  # none where nobody could be asked so far
    return Answer.done(ring=list[Json](give_way(turn, policy.supersede)), number=number)


def review_approval(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Do what the ask needs now; whether it still waits, and until when."""
    if turn.is_past(StageState.WAITING):
        return Answer.done(waiting=False)
    ask, shortage = turn.record.ask, turn.record.shortage
    if shortage is not None:
        return review_shortage(turn, shortage)
    if ask is None or ask.used or not still_stands(turn, ask):
        return Answer.done(waiting=False)
    if not is_possible(ask):  # asked when fewer names than today were taken for one person's
        registered_by = shown_in(turn, ask).registered_by
        return review_shortage(turn, fall_short(turn, ask, registered_by=registered_by))
    return _review(turn, ask)


def _review(turn: Turn, ask: Ask) -> Answer:
    """Hear what people have answered, and look after what their answers are about."""
    ask, judgement = _heard(turn, ask)
    if judgement.verdict is Verdict.REJECTED:
        return Answer.stopped(Outcome.REJECTED, words_of_end(judgement, ask))
    if judgement.verdict is Verdict.EXPIRED:
        if turn.now < ask.expires_at + GRACE:
            return Answer.done(waiting=True, wake_seconds=GRACE.total_seconds())
        return Answer.stopped(Outcome.EXPIRED, words_of_end(judgement, ask))
    is_approved = judgement.verdict is Verdict.APPROVED
    due = next_probe_at(ask)
    if due is not None and (turn.now >= due or (is_approved and not is_fresh(ask, turn.now))):
        ask = probe_again(turn, ask)
        if not is_approved and is_seen_void(turn, ask):  # what is approved is looked at in time
            return Answer.done(waiting=False)
    if _may_begin(turn, ask, judgement):
        return Answer.done(waiting=False)
    if is_approved and not is_hoped_for(ask, judgement, turn.now):
        raise not_good_enough("NotRecovered", words_of_loss(ask, judgement))
    return _wait(turn, ask, judgement)


def start_stage(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Use the approval up, if it is still for the same thing, and let the stage begin."""
    if turn.is_past(StageState.WAITING):
        return Answer.done(started=True, ring=_replaced(turn))
    record = turn.record
    ask = record.ask
    if ask is not None or turn.stage.approval is not None:
        policy_of(turn)
        if ask is None or ask.used or not still_stands(turn, ask):
            return Answer.done(started=False, ring=[])
        judgement = judge(ask, _decisions(turn), turn.now)
        if not _may_begin(turn, ask, judgement) or is_void(turn, ask):
            return Answer.done(started=False, ring=[])
        approving = [each for each in judgement.answers if each.approves]
        record = replace(record, ask=replace(ask, used=True, overtakes=_overtakes(approving)))
    turn.commit(_started(turn, record))
    return Answer.done(started=True, ring=_replaced(turn))


def _replaced(turn: Turn) -> list[Json]:
    """End the older ones that approvers said give way, once this one has begun.

    Returns:
        Whom to ring.
    """
    ask = turn.record.ask
    if ask is None:
        return []
    answers = judge(ask, _decisions(turn), turn.now).answers
    replaced = {older for each in answers if each.approves for older in each.replaces}
    return list(end_older(turn, replaced)) if replaced else []


def _open(turn: Turn, policy: ApprovalPolicy) -> None:
    """Write a new ask with its evidence."""
    record, now = turn.record, turn.now
    old = record.ask
    number = old.number + 1 if old else 1
    evidence = gather(turn, policy, number=number, before=shown_in(turn, old) if old else None)
    if old and not evidence.changed_since:  # it is as it was again, or not what is looked at again
        evidence = replace(evidence, changed_since=why_void(turn, old))
    requester, _ = requester_of(turn.release, evidence.registered_by)
    ask = Ask(
        number=number,
        asked_at=now,
        expires_at=now + timedelta(seconds=policy.timeout_seconds),
        digest=digest_of(evidence),
        approvers=policy.approvers,
        policy=policy,
        requester=requester,
        series=old.series if old else 1,
        roster=old.roster if old else (),
        voided=_answered(turn, old) if old else (),
        probed_at=old.probed_at if old else now,
        degraded=old.degraded if old else (),
        unprobed=old.unprobed if old else "",
    )
    if not is_possible(ask):
        fall_short(turn, ask, registered_by=evidence.registered_by)
        return
    judgement = judge(ask, (), now)
    waiting = replace(record, ask=ask, waits_for=waits_for(ask, judgement))
    people = ", ".join(speaker.person for speaker in judgement.speakers)
    change = turn.moved(StageState.WAITING, waiting).noting(
        EventType.APPROVAL_REQUESTED,
        f"Asked {people} to approve {record.name}",
        at=now,
        stage=record.name,
        details={"ask": number, "digest": ask.digest, "expires_at": ask.expires_at.isoformat()},
    )
    turn.commit(change, evidence=evidence)


def _answered(turn: Turn, ask: Ask) -> tuple[str, ...]:
    """Whose answers to an ask counted."""
    answers = judge(ask, _decisions(turn), turn.now).answers
    return tuple(answer.approver for answer in answers)


def _heard(turn: Turn, ask: Ask) -> tuple[Ask, Judgement]:
    """What the answers mean; how many there were is written down, so that more are news."""
    decisions = _decisions(turn)
    count = len(answers_to(ask, decisions))
    if count != ask.heard:
        ask = replace(ask, heard=count)
        turn.commit(turn.updated(ask=ask))
    return ask, judge(ask, decisions, turn.now)


def _may_begin(turn: Turn, ask: Ask, judgement: Judgement) -> bool:
    """Whether it is approved, decisions take effect now, and the stage before is well."""
    is_approved = judgement.verdict is Verdict.APPROVED
    return is_approved and is_fresh(ask, turn.now) and _held_until(turn, ask, judgement) is None


def _held_until(turn: Turn, ask: Ask, judgement: Judgement) -> datetime | None:
    """When decisions take effect again, where what was approved was held up until they do not."""
    if judgement.verdict is not Verdict.APPROVED or judgement.settled_at is None:
        return None
    moment = may_begin_at(ask.terms, judgement.settled_at, turn.now)
    return moment if moment > turn.now else None


def _wait(turn: Turn, ask: Ask, judgement: Judgement) -> Answer:
    """Send the mails that are due, say what it waits for, and when to look again."""
    ask, failure = send_owed(turn, look_after_accepted(turn, ask), judgement)
    held_until = _held_until(turn, ask, judgement)
    words = waits_for(ask, replace(judgement, effect_at=held_until or judgement.effect_at))
    if failure is not None:
        words = f"a mail to be taken: {failure.message}"
    if turn.record.waits_for != words:
        turn.commit(turn.updated(waits_for=words))
    now = turn.now
    moments = [
        judgement.wakes_at,
        next_mail_at(ask, judgement, now),
        next_probe_at(ask),
        ask.look_at,
        held_until,
    ]
    seconds = [(moment - now).total_seconds() for moment in moments if moment is not None]
    if failure is not None:
        seconds.append(retry_seconds(turn, ask, failure))
    return Answer.done(waiting=True, wake_seconds=max(1.0, min(seconds)))


def _overtakes(approving: list[Decision]) -> str | None:
    """The newer version that every one of the approvals said may be replaced by this one."""
    said = {each.overtakes for each in approving}
    return said.pop() if len(said) == 1 else None


def _started(turn: Turn, record: StageRecord) -> Change:
    stage, model = turn.stage, turn.release.model
    name = stage.model_name or model.name
    begun = replace(
        record,
        workspace=stage.workspace,
        endpoint=stage.endpoint,
        configuration=configuration_digest(stage),
        model=ModelVersion(name, model.version),
        waits_for=None,
    )
    copy = stage.workspace != turn.pipeline.source
    return turn.moved(StageState.COPYING if copy else StageState.DEPLOYING, begun).noting(
        EventType.STAGE_STARTED,
        f"Stage {stage.name} started in workspace {stage.workspace.name}",
        at=turn.now,
        stage=stage.name,
        details={"workspace": stage.workspace.arm_id, "endpoint": stage.endpoint},
    )


def _decisions(turn: Turn) -> list[Decision]:
    decisions = turn.services.store.decisions(release_id=turn.release.id)
    return [decision for decision in decisions if decision.stage == turn.stage_name]
