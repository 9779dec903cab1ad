"""Asking a deployment whether it answers as it should."""

import json
from dataclasses import dataclass
from typing import Final

from shared.domain.errors import StepError
from shared.domain.health import judge
from shared.domain.pipeline import Json, Stage
from shared.domain.release import FailedAnswer, Probe
from shared.ports import ScoringAnswer, Services
from shared.workflow.turn import Turn

PROBES = 3
"""The first request of a fresh server may be slow: the best of so many counts."""

TIMEOUT: Final = "ScoringTimeout"
"""No answer came within the time that the endpoint itself gives one."""

SLOW_SECONDS = 30.0
"""An answer that takes this long is not asked for again: an activity is to end within minutes."""

NOT_YET: Final = frozenset({404, 408, 425, 429, 502, 503, 504})
"""What Azure ML answers while a route or an instance is not there, and from a server that is busy
(learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints)."""

BUSY: Final = 429
"""More requests than the deployment works on at a time."""

LOG_LINES = 50
LOG_CHARACTERS = 4000
BODY_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, and what it is worth."""

    probe: Probe
    answer: ScoringAnswer

    @property
    def is_not_yet(self) -> bool:
        """Whether it may become a good one by itself. It is not where the pipeline wants it."""
        return bool(self.probe.problems) and self.probe.status in NOT_YET


def best_answer(turn: Turn, deployment: str | None) -> Asked:
    """The best of a few sample requests; None asks as users do, through the traffic map."""
    return _best(turn.services, turn.stage, deployment)


def probe_of(services: Services, stage: Stage, deployment: str | None) -> Probe:
    """As `best_answer`, of any stage."""
    return _best(services, stage, deployment).probe


def _best(services: Services, stage: Stage, deployment: str | None) -> Asked:
    found = []
    for _ in range(PROBES):
        asked = ask(services, stage, deployment)
        found.append(asked)
        if not asked.probe.problems or asked.probe.latency_seconds > SLOW_SECONDS:
            break
    return min(found, key=lambda each: (len(each.probe.problems), each.probe.latency_seconds))


def ask(services: Services, stage: Stage, deployment: str | None) -> Asked:
    """Send the sample request once."""
    answer = services.endpoints.score(
        stage=stage,
        deployment=deployment,
        body=stage.health.sample_request,
        timeout_seconds=stage.request.timeout_seconds + 5,
    )
    probe = judge(
        stage.health,
        status=answer.status,
        latency_seconds=answer.latency_seconds,
        body=answer.body,
    )
    return Asked(probe, answer)


def evidence_of(turn: Turn, answer: ScoringAnswer | None) -> FailedAnswer:
    """What is to be kept of an answer that was not good enough; None where none came."""
    return FailedAnswer(
        status=answer.status if answer else 0,
        body=_text(answer.body)[:BODY_CHARACTERS] if answer else "",
        headers=dict(answer.headers) if answer else {},
        log=end_of_log(turn),
    )


def end_of_log(turn: Turn) -> str:
    """The end of the new deployment's log, or why there is none."""
    deployment = turn.record.deployment
    assert deployment is not None, "chosen before anything is deployed"
    try:
        log = turn.services.endpoints.logs(stage=turn.stage, deployment=deployment, lines=LOG_LINES)
    except StepError as error:
        return f"(no log: {error.failure.message})"
    return log[-LOG_CHARACTERS:]


def _text(body: Json) -> str:
    return body if isinstance(body, str) else json.dumps(body)
