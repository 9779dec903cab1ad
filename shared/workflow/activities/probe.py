"""Asking what was deployed: by its own header before it has traffic, as users do after."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from shared.domain.errors import Failure, FailureKind, StepError
from shared.domain.pipeline import Json
from shared.domain.release import EventType, FailedAnswer, Probe, Settling, StageState
from shared.domain.trail import Change
from shared.ports import ScoringAnswer
from shared.workflow.contract import Answer
from shared.workflow.probing import BUSY, NOT_YET, TIMEOUT, ask, best_answer, evidence_of
from shared.workflow.turn import Turn

USERS_WAIT: Final = timedelta(seconds=60)
"""How long users may meet failures until the old deployment gets its traffic back."""

USERS_ASKS: Final = 4
"""So many answers at least say whether users meet failures, of which most must be bad."""

WELL_AGAIN: Final = 3
"""So many good answers in a row end the doubt."""


def probe_deployment(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Ask the new deployment itself; only a good answer lets it have traffic.

    Right after provisioning an answer may say no more than "not yet": it is asked again, by the
    durable timer of whoever called, until `health.settle` is over.
    """
    if turn.is_past(StageState.PROBING):
        return Answer.done()
    record = turn.record
    assert record.deployment is not None
    if record.probe is not None and record.probe.problems:
        return Answer.failed(unhealthy(turn, record.probe))
    try:
        asked = best_answer(turn, record.deployment)
    except StepError as error:
        return _unanswered(turn, error)
    if asked.is_not_yet and _may_settle(turn):
        return _not_yet(turn, f"it answers {asked.probe.status}")
    if asked.probe.problems:
        return _given_up(turn, asked.probe, asked.answer)
    turn.commit(_probed(turn, asked.probe))
    return Answer.done()


def ask_as_users(turn: Turn) -> Answer:
    """Whether users of the endpoint are answered; only sustained failure takes traffic back.

    A bad answer begins a count, a call an answer: most of at least `USERS_ASKS` over `USERS_WAIT`
    have to be bad, and the version before has to do better.
    """
    record = turn.record
    if record.failed_answer is not None and record.probe is not None:
        return Answer.failed(unhealthy(turn, record.probe))
    probe, answer = _users_answer(turn)
    is_good = not probe.problems or probe.status == BUSY
    if is_good and record.settling is None:
        return Answer.done()
    seen = _counted(record.settling or Settling(turn.now), is_good=is_good)
    if seen.good_in_a_row >= WELL_AGAIN:
        turn.commit(turn.updated(settling=None, waits_for=None))
        return Answer.done()
    is_sustained = (
        seen.asked >= USERS_ASKS
        and turn.now - seen.since >= USERS_WAIT
        and 2 * seen.failed > seen.asked
    )
    if not is_good and is_sustained and _served_better(turn):
        return _given_up(turn, probe, answer)
    turn.commit(turn.updated(settling=seen, waits_for=f"{turn.stage.endpoint} to answer its users"))
    return Answer.pending()


def unhealthy(turn: Turn, probe: Probe) -> Failure:
    """The failure of a deployment whose answer is not good enough."""
    return Failure(
        kind=FailureKind.MODEL,
        code="Unhealthy",
        message=f"{turn.record.deployment} on {turn.stage.endpoint} {describe(probe)}",
    )


def describe(probe: Probe) -> str:
    """A probe's result in a few words, after the deployment's name."""
    if probe.problems:
        return "is not healthy: " + "; ".join(probe.problems)
    return f"answered {probe.status} in {probe.latency_seconds * 1000:.0f} ms"


def _unanswered(turn: Turn, error: StepError) -> Answer:
    """Nothing came back, or nothing that could be read."""
    failure = error.failure
    if (failure.retryable or failure.code == TIMEOUT) and _may_settle(turn):
        return _not_yet(turn, "nothing comes back yet")
    if failure.kind is not FailureKind.MODEL:
        raise error  # says nothing of the model, and may pass
    return _given_up(turn, Probe(0, 0.0, (failure.message,)), None)


def _may_settle(turn: Turn) -> bool:
    """Whether the deployment is so new that "not yet" is no answer."""
    settling = turn.record.settling
    limit = timedelta(seconds=turn.stage.health.settle_seconds)
    return limit > timedelta() and (settling is None or turn.now - settling.since < limit)


def _not_yet(turn: Turn, how: str) -> Answer:
    """Ask again later; what it waits for is written once."""
    record = turn.record
    if record.settling is None:
        words = f"deployment {record.deployment} to answer ({how})"
        turn.commit(turn.updated(settling=Settling(turn.now), waits_for=words))
    return Answer.pending()


def _probed(turn: Turn, probe: Probe) -> Change:
    known = replace(turn.record, probe=probe, settling=None, waits_for=None)
    return _noting(turn, turn.moved(StageState.SHIFTING, known), probe, None)


def _given_up(turn: Turn, probe: Probe, answer: ScoringAnswer | None) -> Answer:
    """Keep what is known of a bad answer, before what gave it is deleted; the failure."""
    kept = evidence_of(turn, answer)
    change = turn.updated(probe=probe, settling=None, waits_for=None, failed_answer=kept)
    turn.commit(_noting(turn, change, probe, kept))
    return Answer.failed(unhealthy(turn, probe))


def _noting(turn: Turn, change: Change, probe: Probe, kept: FailedAnswer | None) -> Change:
    details: dict[str, Json] = {
        "status": probe.status,
        "latency_seconds": round(probe.latency_seconds, 4),
        "problems": list(probe.problems),
    }
    if kept is not None:
        details |= {"body": kept.body, "headers": dict(kept.headers), "log": kept.log}
    return change.noting(
        EventType.PROBED,
        f"{turn.record.deployment} {describe(probe)}",
        at=turn.now,
        stage=turn.record.name,
        details=details,
    )


def _users_answer(turn: Turn) -> tuple[Probe, ScoringAnswer | None]:
    try:
        asked = ask(turn.services, turn.stage, None)
    except StepError as error:
        return Probe(0, 0.0, (error.failure.message,)), None
    return asked.probe, asked.answer


def _counted(seen: Settling, *, is_good: bool) -> Settling:
    return replace(
        seen,
        asked=seen.asked + 1,
        failed=seen.failed + (not is_good),
        good_in_a_row=seen.good_in_a_row + 1 if is_good else 0,
    )


def _served_better(turn: Turn) -> bool:
    """Whether the version before still answers: else its traffic would be no better off with it.

    It may want another request, so that only what is no answer of a model counts against it.
    """
    before = [name for name, percent in (turn.record.traffic_before or {}).items() if percent]
    return not before or any(_answers(turn, name) for name in before)


def _answers(turn: Turn, deployment: str) -> bool:
    try:
        status = ask(turn.services, turn.stage, deployment).probe.status
    except StepError:
        return False
    return status == BUSY or (status < 500 and status not in NOT_YET)
