"""What may follow what. Every write of a release's state goes through here."""

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from shared.domain.errors import IllegalTransitionError
from shared.domain.release import Outcome, Release, StageRecord, StageState

S = StageState

STAGE_TRANSITIONS = MappingProxyType(
    {
        S.PENDING: frozenset({S.WAITING, S.COPYING, S.DEPLOYING, S.STOPPED}),
        # back to Waiting: what people approved has changed, so they are asked again
        S.WAITING: frozenset({S.WAITING, S.COPYING, S.DEPLOYING, S.STOPPED}),
        S.COPYING: frozenset({S.DEPLOYING, S.STOPPED}),
        S.DEPLOYING: frozenset({S.PROBING, S.STOPPED}),
        S.PROBING: frozenset({S.SHIFTING, S.STOPPED}),
        S.SHIFTING: frozenset({S.SUCCEEDED, S.STOPPED}),
        S.SUCCEEDED: frozenset[StageState](),
        S.STOPPED: frozenset[StageState](),
    }
)

TERMINAL_STAGES = frozenset(state for state, after in STAGE_TRANSITIONS.items() if not after)


def is_waiting(release: Release, stage: str) -> bool:
    """Whether a release waits for people at a stage's gate."""
    there = release.stage
    is_there = there is not None and there.name == stage and there.state is S.WAITING
    return is_there and not release.is_over


def move_stage(release: Release, record: StageRecord, to: StageState, at: datetime) -> Release:
    """The release with `record` stored and moved to the state `to`.

    Raises:
        IllegalTransitionError: The release is over, an earlier stage has not succeeded, or
            the stage cannot go there from where the release has it.
    """
    current = release.stage_named(record.name)
    if release.is_over or to not in STAGE_TRANSITIONS[current.state]:
        raise IllegalTransitionError(release.id, record.name, current.state, to)
    earlier = release.stages[: release.stages.index(current)]
    if to is not S.STOPPED and any(stage.state is not S.SUCCEEDED for stage in earlier):
        raise IllegalTransitionError(release.id, record.name, current.state, to)
    moved = replace(
        record,
        state=to,
        started_at=record.started_at or at,
        ended_at=at if to in TERMINAL_STAGES else None,
    )
    return replace(release.with_stage(moved), updated_at=at)


def end_release(release: Release, outcome: Outcome, reason: str, at: datetime) -> Release:
    """The release with its outcome; a stage that had begun and not succeeded is stopped.

    Raises:
        IllegalTransitionError: It is over already, or Succeeded is claimed with a stage missing.
    """
    unfinished = [stage for stage in release.stages if stage.state is not S.SUCCEEDED]
    if release.is_over or (outcome is Outcome.SUCCEEDED and unfinished):
        raise IllegalTransitionError(release.id, None, release.outcome or "Running", outcome)
    for stage in unfinished:
        if stage.state not in TERMINAL_STAGES and stage.state is not S.PENDING:
            release = move_stage(release, stage, S.STOPPED, at)
    return replace(release, outcome=outcome, reason=reason, ended_at=at, updated_at=at)
