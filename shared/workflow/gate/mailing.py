"""The mails of an ask: sent once each, as they fall due."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Final

from shared.domain.approval import Judgement
from shared.domain.ask import Ask, Purpose, read_mail_key
from shared.domain.asking import Owed, owed, request_id
from shared.domain.errors import Failure, StepError, technical
from shared.domain.evidence import Evidence
from shared.domain.release import EventType
from shared.domain.trail import Change
from shared.ports import DIGEST_LENGTH, Link
from shared.workflow.gate.voiding import shown_in
from shared.workflow.turn import Turn

logger = logging.getLogger(__name__)

MAIL_PAUSE_SECONDS: Final = 300.0
"""How long to wait with mail that could not be sent, where nothing says when there is room again.
The pauses grow with the age of the ask, up to an hour."""

LONGEST_MAIL_PAUSE_SECONDS: Final = 3600.0

SHORTEST_MAIL_PAUSE_SECONDS: Final = 60.0
"""Once an ask is some minutes old."""

LOOK_SECONDS: Final = 120.0
"""How long after a mail was accepted it is looked whether it was dropped after all."""

LOOK_AGAIN_SECONDS: Final = 900.0
"""The shortest pause where that could not be told."""


def look_after_accepted(turn: Turn, ask: Ask) -> Ask:
    """See which accepted mails were dropped after all; these count as refused, and are noted."""
    if ask.look_at is None or turn.now < ask.look_at:
        return ask
    mailer, change = turn.services.mailer, Change(turn.release)
    for key in ask.unseen:
        try:
            failure = mailer.dropped(
                operation_id=request_id(turn.release.id, turn.record.name, ask, key)
            )
        except StepError as error:
            logger.info("release %s: not known what became of mail: %s", turn.release.id, error)
            pause = max(LOOK_AGAIN_SECONDS, error.failure.retry_after_seconds or 0.0)
            ask = replace(ask, look_at=turn.now + timedelta(seconds=pause))
            break
        ask = replace(ask, unseen=tuple(each for each in ask.unseen if each != key))
        if failure is not None:
            mailed = tuple(each for each in ask.mailed if each != key)
            ask = replace(ask, mailed=mailed, refused=(*ask.refused, key))
            change = _noted(turn, change, key, failure)
    ask = ask if ask.unseen else replace(ask, look_at=None)
    record = replace(turn.record, ask=ask)
    turn.commit(replace(change, release=change.release.with_stage(record)))
    return ask


def send_owed(turn: Turn, ask: Ask, judgement: Judgement) -> tuple[Ask, Failure | None]:
    """Send what is due; the ask as it is then, and why mail has to wait, where it has.

    Raises:
        StepError: Nobody whose word is wanted can be reached.
    """
    due = owed(ask, judgement, turn.now)
    ask, failure = _send_all(turn, ask, due) if due else (ask, None)
    if failure is None:
        _require_somebody(turn, ask, judgement)
    return ask, failure


def _send_all(turn: Turn, ask: Ask, due: list[Owed]) -> tuple[Ask, Failure | None]:
    ask = _with_everybody(turn, ask, due)
    evidence = shown_in(turn, ask)
    for each in due:
        try:
            _send(turn, ask, evidence, each)
        except StepError as error:
            logger.warning("release %s: mail: %s", turn.release.id, error)
            if error.failure.retryable:
                return ask, error.failure
            ask = replace(ask, refused=(*ask.refused, each.key))
            turn.commit(_noted(turn, turn.updated(ask=ask), each.key, error.failure))
        else:
            ask = _sent(turn, ask, each)
            turn.commit(turn.updated(ask=ask))
    return ask, None


def retry_seconds(turn: Turn, ask: Ask, failure: Failure) -> float:
    """How long mail waits: as the service says, but none is asked again every second for long."""
    slowly = (turn.now - ask.asked_at).total_seconds() / 4
    if failure.retry_after_seconds is not None:
        return max(failure.retry_after_seconds, min(slowly, SHORTEST_MAIL_PAUSE_SECONDS))
    return min(max(MAIL_PAUSE_SECONDS, slowly), LONGEST_MAIL_PAUSE_SECONDS)


def _sent(turn: Turn, ask: Ask, each: Owed) -> Ask:
    """The ask with a mail that was accepted."""
    is_first = each.purpose is each.speaker.purpose
    known = dict(ask.first_mailed)
    new = ((each.key, turn.now),) if is_first and each.key not in known else ()
    return replace(
        ask,
        mailed=(*ask.mailed, each.key),
        first_mailed=(*ask.first_mailed, *new),
        unseen=(*ask.unseen, each.key),
        look_at=turn.now + timedelta(seconds=LOOK_SECONDS),
    )


def _with_everybody(turn: Turn, ask: Ask, due: list[Owed]) -> Ask:
    """The ask with everybody who is about to get a link in its roster, written before any does."""
    people = dict.fromkeys(each.speaker.person for each in due)
    new = tuple(person for person in people if person not in ask.roster)
    if not new:
        return ask
    ask = replace(ask, roster=(*ask.roster, *new))
    turn.commit(turn.updated(ask=ask))
    return ask


def _send(turn: Turn, ask: Ask, evidence: Evidence, each: Owed) -> None:
    services, person = turn.services, ask.place_of(each.speaker.person)
    assert person is not None, "put into the roster before"
    names = [record.name for record in turn.release.stages]
    link = Link(
        release_id=turn.release.id,
        stage=names.index(turn.record.name),
        ask=ask.number,
        series=ask.series,
        person=person,
        digest=ask.digest[:DIGEST_LENGTH],
    )
    mail = services.letters.approval_request(
        release=turn.release,
        stage=turn.record.name,
        evidence=evidence,
        owed=each,
        url=services.links.url(link=link),
        code=None if ask.terms.require_sign_in else services.links.code(link=link),
        now=turn.now,
    )
    services.mailer.send(mail=mail)


def _require_somebody(turn: Turn, ask: Ask, judgement: Judgement) -> None:
    """See that somebody can answer.

    Unless what was answered is enough when it takes effect, or others are asked, too, later.
    """
    policy = ask.terms
    above = policy.escalation.to if policy.escalation else ()
    later = [each.to for each in policy.delegations if turn.now < each.begins_at < ask.expires_at]
    if {*above, *later} - {each.person for each in judgement.speakers}:
        return
    first = [Owed(each, each.purpose, each.handed_on).key for each in judgement.speakers]
    if first and judgement.effect_at is None and all(key in ask.refused for key in first):
        raise technical(
            "NobodyReached",
            f"No approver of {turn.record.name} can be reached by mail. Correct the addresses in "
            f"pipeline {turn.release.pipeline}, then start the release again.",
        )


def _noted(turn: Turn, change: Change, key: str, failure: Failure) -> Change:
    """The change with a mail that nobody gets; the trail tells of no address."""
    purpose = read_mail_key(key).purpose
    kind = "reminder" if purpose == Purpose.REMINDER else "mail"
    return change.noting(
        EventType.MAIL_FAILED,
        f"A {kind} to an approver of {turn.record.name} was refused: {failure.message}",
        at=turn.now,
        stage=turn.record.name,
        details={"code": failure.code, "mail": str(purpose)},
    )
