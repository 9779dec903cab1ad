"""A gate with too few approvers who cannot be the requester: the release waits for the pipeline."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain.ask import Ask
from shared.domain.errors import Failure, StepError
from shared.domain.evidence import requester_of
from shared.domain.policy import ApprovalPolicy
from shared.domain.release import EventType, Outcome, Release, StageState
from shared.domain.shortage import Shortage
from shared.domain.trail import Change
from shared.domain.voices import Floor
from shared.ports import Services
from shared.workflow.contract import Answer
from shared.workflow.gate.mailing import MAIL_PAUSE_SECONDS, SHORTEST_MAIL_PAUSE_SECONDS
from shared.workflow.gate.voiding import policy_of
from shared.workflow.gate.wording import waits_for_approvers, words_of_shortage
from shared.workflow.turn import Turn

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 3600.0
"""The longest pause between two looks at the pipeline; the sweeper rings as soon as it helps."""


def fall_short(turn: Turn, ask: Ask, *, registered_by: str | None) -> Shortage:
    """Write down that an ask cannot be answered; if it was open it is over."""
    old, now = turn.record.ask, turn.now
    floor, (_, is_registrant) = Floor(ask), requester_of(turn.release, registered_by)
    shortage = Shortage(
        since=now,
        expires_at=now + (ask.expires_at - ask.asked_at),
        requester=ask.requester or "",
        is_registrant=is_registrant,
        required=max(1, floor.required),
        available=floor.count,
        left_out=floor.left_out,
    )
    record = replace(
        turn.record,
        ask=replace(old, used=True) if old else None,
        shortage=shortage,
        waits_for=waits_for_approvers(turn.release.pipeline, turn.record.name, shortage),
    )
    change = turn.moved(StageState.WAITING, record).noting(
        EventType.TOO_FEW_APPROVERS,
        words_of_shortage(turn.record.name, shortage),
        at=now,
        stage=turn.record.name,
        details={
            "required": shortage.required,
            "available": shortage.available,
            "left_out": list(shortage.left_out),
            "expires_at": shortage.expires_at.isoformat(),
        },
    )
    turn.commit(change)
    return shortage


def review_shortage(turn: Turn, shortage: Shortage) -> Answer:
    """Whether the pipeline as it is deployed now has enough approvers; until then, wait."""
    policy = policy_of(turn)
    floor = _floor(policy, shortage, turn.now)
    if floor.is_possible:
        turn.commit(turn.updated(shortage=None, waits_for=None))
        return Answer.done(waiting=False)
    if turn.now >= shortage.expires_at:
        words = words_of_shortage(turn.record.name, shortage)
        return Answer.stopped(Outcome.EXPIRED, f"Nobody could be asked in time. {words}.")
    shortage = replace(
        shortage,
        required=max(1, floor.required),
        available=floor.count,
        left_out=floor.left_out or shortage.left_out,
    )
    pause = _tell_owners(turn, shortage)
    left = (shortage.expires_at - turn.now).total_seconds()
    return Answer.done(waiting=True, wake_seconds=max(1.0, min(LOOK_SECONDS, pause, left)))


def is_over(services: Services, release: Release, stage: str, shortage: Shortage) -> bool:
    """Whether the pipeline as it is deployed now lets people be asked, or says otherwise."""
    pipeline = services.pipelines.get(release.pipeline)
    there = pipeline.stage(stage) if pipeline else None
    if there is None or there.approval is None:
        return True
    return _floor(there.approval, shortage, services.clock.now()).is_possible


def _floor(policy: ApprovalPolicy, shortage: Shortage, now: datetime) -> Floor:
    """Who could speak if people were asked now."""
    until = now + timedelta(seconds=policy.timeout_seconds)
    requester = shortage.requester
    return Floor(Ask(0, now, until, "", policy.approvers, policy=policy, requester=requester))


def _tell_owners(turn: Turn, shortage: Shortage) -> float:
    """Mail every owner once; how long to wait with the rest, in seconds."""
    pause, change = LOOK_SECONDS, Change(turn.release)
    for owner in turn.pipeline.owners:
        if owner in shortage.told:
            continue
        failure = _failure_with(turn, owner)
        if failure is not None and failure.retryable:
            asked = failure.retry_after_seconds or MAIL_PAUSE_SECONDS
            pause = min(max(asked, SHORTEST_MAIL_PAUSE_SECONDS), LOOK_SECONDS)
            break
        shortage = replace(shortage, told=(*shortage.told, owner))
        if failure is not None:
            change = change.noting(
                EventType.MAIL_FAILED,
                f"A mail to an owner about the approvers of {turn.record.name} was refused: "
                f"{failure.message}",
                at=turn.now,
                stage=turn.record.name,
                details={"code": failure.code, "mail": "too-few-approvers"},
            )
    words = waits_for_approvers(turn.release.pipeline, turn.record.name, shortage)
    record = replace(turn.record, shortage=shortage, waits_for=words)
    if record != turn.record:
        turn.commit(replace(change, release=change.release.with_stage(record)))
    return pause


def _failure_with(turn: Turn, owner: str) -> Failure | None:
    """Why a mail to an owner was not taken."""
    mail = turn.services.letters.too_few_approvers(
        release=turn.release, stage=turn.record.name, to=owner
    )
    try:
        turn.services.mailer.send(mail=mail)
    except StepError as error:
        logger.warning("release %s: mail: %s", turn.release.id, error)
        return error.failure
    return None
