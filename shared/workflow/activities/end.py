"""The end of a release: its outcome, and everybody who is to hear of it."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from shared.domain.errors import Failure, StepError
from shared.domain.pipeline import Json
from shared.domain.release import EventType, Outcome
from shared.domain.trail import Change
from shared.domain.transitions import end_release as ended
from shared.workflow.contract import Answer
from shared.workflow.publishing import is_published, publish_news
from shared.workflow.turn import Turn

logger = logging.getLogger(__name__)


def end_release(turn: Turn, data: Mapping[str, Json]) -> Answer:
    """Write the outcome, once."""
    if turn.release.is_over:
        return Answer.done()
    outcome = Outcome(str(data["outcome"]))
    reason = str(data["reason"]) or _success(turn)
    last = turn.release.stage
    change = Change(ended(turn.release, outcome, reason, turn.now)).noting(
        EventType.ENDED,
        f"{outcome}: {reason}",
        at=turn.now,
        stage=last.name if last else None,
        details={"outcome": outcome.value},
    )
    turn.commit(change)
    return Answer.done()


def wrap_up(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Tell everybody, publish what is left, and close the book. Pending until all is through."""
    if not turn.release.is_over:
        return Answer.done()
    failure = None if turn.release.told_everybody else _tell_everybody(turn)
    turn.stored = publish_news(turn.services, turn.stored)
    if failure is not None:
        return Answer.failed(failure)
    if not is_published(turn.services, turn.release):
        return Answer.pending()
    turn.services.store.settle(release=turn.release)
    return Answer.done()


def _tell_everybody(turn: Turn) -> Failure | None:
    """Mail the owners and all who were asked; why it has to be tried again, where it has.

    Who has been told is written down, and the same mail is never sent twice.
    """
    release = turn.release
    pipeline = turn.services.pipelines.get(release.pipeline)
    owners = pipeline.owners if pipeline else ()
    asked = [person for stage in release.stages if stage.ask for person in stage.ask.roster]
    decisions = turn.services.store.decisions(release_id=release.id)
    told = list(release.told)
    failure: Failure | None = None
    refused: list[Failure] = []
    for person in dict.fromkeys([*owners, *asked]):
        if person in told:
            continue
        mail = turn.services.letters.release_ended(
            release=release, decisions=decisions, to=person, was_asked=person not in owners
        )
        try:
            turn.services.mailer.send(mail=mail)
        except StepError as error:
            logger.warning("release %s: the mail about its end waits: %s", release.id, error)
            if error.failure.retryable:
                failure = error.failure
                break
            refused.append(error.failure)
        told.append(person)
    if failure is None or len(told) > len(release.told):
        known = replace(release, told=tuple(told), told_everybody=failure is None)
        turn.commit(_with_refusals(turn, Change(known), refused))
    return failure


def _with_refusals(turn: Turn, change: Change, refused: list[Failure]) -> Change:
    """The change that also tells of mails which nobody will get."""
    for each in refused:
        change = change.noting(
            EventType.MAIL_FAILED,
            f"A mail about the end was refused: {each.message}",
            at=turn.now,
            details={"code": each.code, "mail": "ended"},
        )
    return change


def _success(turn: Turn) -> str:
    last = turn.release.stages[-1]
    return f"{last.deployment} serves all traffic of {last.endpoint}."
