"""Living evidence: the stage before is probed again while people think."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain.approval import Judgement
from shared.domain.ask import Ask
from shared.domain.errors import StepError
from shared.domain.release import EventType, Probe
from shared.workflow.gate.comparing import candidate_stage
from shared.workflow.probing import probe_of
from shared.workflow.turn import Turn

logger = logging.getLogger(__name__)

DEGRADED_SECONDS: Final = 300.0
"""The longest pause while something is wrong: people wait for it to recover."""

FRESH_SECONDS: Final = 60.0
"""An approval is used only after a probe that is no older."""


RECOVERY: Final = timedelta(days=1)
"""How long at least something that is approved may take to recover."""


def next_probe_at(ask: Ask) -> datetime | None:
    """When the stage before is to be probed again; None where there is nothing to probe."""
    if ask.unprobed:
        return None
    pause = ask.terms.probe_seconds
    if ask.degraded:
        pause = min(pause, DEGRADED_SECONDS)
    return (ask.probed_at or ask.asked_at) + timedelta(seconds=pause)


def is_fresh(ask: Ask, now: datetime) -> bool:
    """Whether an approval may be used on what was last seen of the stage before."""
    if ask.unprobed:
        return True
    age = now - (ask.probed_at or ask.asked_at)
    return not ask.degraded and age <= timedelta(seconds=FRESH_SECONDS)


def is_hoped_for(ask: Ask, approved: Judgement, now: datetime) -> bool:
    """Whether what is approved and not well may still recover in time."""
    since = approved.settled_at or ask.asked_at
    return not ask.degraded or now < max(ask.expires_at, since + RECOVERY)


def probe_again(turn: Turn, ask: Ask) -> Ask:
    """Probe the stage before and write down what was found; the ask as it is then."""
    before = candidate_stage(turn)
    if before is None:
        return _noted(turn, ask, (), unprobed="There is no stage before this one.")
    stage, deployment = before
    try:
        there = {each.name for each in turn.services.endpoints.deployments(stage=stage)}
        if deployment not in there:
            reason = f"{stage.endpoint} serves another version by now; {deployment} is gone."
            # what was not well when it went has not recovered by going
            return _noted(turn, ask, ask.degraded, "" if ask.degraded else reason)
        probe = probe_of(turn.services, stage, deployment)
    except StepError as error:
        probe = Probe(0, 0.0, (error.failure.message,))
    problems = tuple(f"{deployment} on {stage.endpoint}: {each}" for each in probe.problems)
    return _noted(turn, ask, problems)


def _noted(turn: Turn, ask: Ask, problems: tuple[str, ...], unprobed: str = "") -> Ask:
    seen = replace(ask, probed_at=turn.now, degraded=problems, unprobed=unprobed)
    change = turn.updated(ask=seen)
    if bool(problems) != bool(ask.degraded):
        change = change.noting(
            EventType.EVIDENCE_DEGRADED if problems else EventType.EVIDENCE_RECOVERED,
            f"Approvals of {turn.record.name} take no effect: {'; '.join(problems)}"
            if problems
            else f"Approvals of {turn.record.name} take effect again",
            at=turn.now,
            stage=turn.record.name,
            details={"problems": list(problems)},
        )
    turn.commit(change)
    return seen
