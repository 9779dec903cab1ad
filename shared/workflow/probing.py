"""Asking a deployment whether it answers as it should."""

from typing import Final

from shared.domain.errors import StepError
from shared.domain.health import judge
from shared.domain.pipeline import Stage
from shared.domain.release import Probe
from shared.ports import Services
from shared.workflow.turn import Turn

PROBES = 3
"""The first request of a fresh server may be slow: the best of so many counts."""

TIMEOUT: Final = "ScoringTimeout"
"""No answer came within the time that the endpoint itself gives one."""

SLOW_SECONDS = 30.0
"""An answer that takes this long is not asked for again: an activity is to end within minutes."""


def best_probe(turn: Turn, deployment: str | None) -> Probe:
    """The best of a few sample requests; None asks as users do, through the traffic map."""
    return probe_of(turn.services, turn.stage, deployment)


def probe_of(services: Services, stage: Stage, deployment: str | None) -> Probe:
    """As `best_probe`, of any stage."""
    probes: list[Probe] = []
    for number in range(PROBES):
        try:
            answer = services.endpoints.score(
                stage=stage,
                deployment=deployment,
                body=stage.health.sample_request,
                timeout_seconds=stage.request.timeout_seconds + 5,
            )
        except StepError as error:
            is_last = number + 1 == PROBES and not probes
            if error.failure.code != TIMEOUT or is_last:
                raise
            continue
        probe = judge(
            stage.health,
            status=answer.status,
            latency_seconds=answer.latency_seconds,
            body=answer.body,
        )
        probes.append(probe)
        if not probe.problems or probe.latency_seconds > SLOW_SECONDS:
            break
    return min(probes, key=lambda probe: (len(probe.problems), probe.latency_seconds))
