"""Asking what was deployed: by its own header before it has traffic, as users do after."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from shared.domain.errors import Blame, Failure, StepError
from shared.domain.pipeline import Json
from shared.domain.release import EventType, Probe, StageState
from shared.workflow.contract import Answer
from shared.workflow.probing import PROBES, best_probe
from shared.workflow.turn import Turn

USERS_WAIT = timedelta(seconds=60)
"""How long users may be without an answer until the old deployment gets its traffic back."""


def probe_deployment(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Ask the new deployment itself; only a good answer lets it have traffic."""
    if turn.is_past(StageState.PROBING):
        return Answer.done()
    record = turn.record
    assert record.deployment is not None
    if record.probe is not None and record.probe.problems:
        return Answer.failed(unhealthy(turn, record.probe))
    probe = best_probe(turn, record.deployment)
    change = turn.updated(probe=probe)
    if not probe.problems:
        change = turn.moved(StageState.SHIFTING, replace(record, probe=probe))
    change = change.noting(
        EventType.PROBED,
        f"{record.deployment} {describe(probe)}",
        at=turn.now,
        stage=record.name,
        details={
            "status": probe.status,
            "latency_seconds": round(probe.latency_seconds, 4),
            "problems": list(probe.problems),
        },
    )
    turn.commit(change)
    return Answer.failed(unhealthy(turn, probe)) if probe.problems else Answer.done()


def describe(probe: Probe) -> str:
    """A probe's result in a few words, after the deployment's name."""
    if probe.problems:
        return "is not healthy: " + "; ".join(probe.problems)
    return f"answered {probe.status} in {probe.latency_seconds * 1000:.0f} ms"


def unhealthy(turn: Turn, probe: Probe) -> Failure:
    """The failure of a deployment whose answer is not good enough."""
    return Failure(
        blame=Blame.MODEL,
        code="Unhealthy",
        message=f"{turn.record.deployment} on {turn.stage.endpoint} {describe(probe)}",
    )


def failure_of_users(turn: Turn) -> Failure | None:
    """What users of the endpoint meet now; final: what does not answer must not keep traffic."""
    failure: Failure | None = None
    until = turn.now + USERS_WAIT
    for _ in range(PROBES):
        try:
            probe = best_probe(turn, None)
        except StepError as error:
            failure = replace(error.failure, blame=Blame.MODEL, retryable=False)
        else:
            return unhealthy(turn, probe) if probe.problems else None
        if turn.now > until:
            break
    return failure
