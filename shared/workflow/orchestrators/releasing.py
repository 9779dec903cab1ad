"""The orchestrator of a release: its stages in order, and its end."""

from contextlib import suppress
from datetime import timedelta

from durabletask.task import OrchestrationContext

from shared.domain.pipeline import Json
from shared.domain.release import Outcome
from shared.workflow.contract import Activity, StagePlan, payload
from shared.workflow.orchestrators.gate import enter_stage
from shared.workflow.orchestrators.steps import Rested, Steps, Stopped, step

UNDO_INTERVAL_SECONDS = 15.0
UNDO_PAUSE = timedelta(minutes=5)
"""After an undo that met what may have to be mended, until it is tried again."""

WRAP_UP_TIMEOUT_SECONDS = 600.0

COPY_TIMEOUT_SECONDS = 86400.0
"""A copy between storage accounts is done when Azure has time for it (learn.microsoft.com/rest/api/
storageservices/copy-blob); how long a deployment may take says nothing of that."""

UNLIMITED = frozenset({Activity.RESERVE_ENDPOINT, Activity.PROBE_DEPLOYMENT})
"""Steps that end by themselves: with another release's work, and with `health.settle`."""


def release(ctx: OrchestrationContext, start: dict[str, Json]) -> Steps[str]:
    """One release, from its first stage to its end. Returns the outcome."""
    release_id = str(start["release_id"])
    try:
        return (yield from run_release(ctx, release_id))
    except Rested:
        # a wait of weeks would be a long history; from its beginning it finds its work done
        ctx.continue_as_new(start, save_events=True)
        return ""


def run_release(ctx: OrchestrationContext, release_id: str) -> Steps[str]:
    """All stages, and the end. Returns the outcome."""
    outcome, reason = Outcome.SUCCEEDED, ""
    running: StagePlan | None = None
    try:
        begun = yield from step(ctx, Activity.BEGIN_RELEASE, payload(release_id))
        for running in plans(begun):
            if running.finished:  # by a run that may have been lost before it had cleaned up
                yield from step(ctx, Activity.FINISH_STAGE, payload(release_id, running.name))
            else:
                yield from run_stage(ctx, release_id, running)
    except Stopped as stopped:
        outcome, reason = stopped.outcome, stopped.reason
        reason += yield from undo(ctx, release_id, running, stopped)
    ending = payload(release_id, outcome=outcome.value, reason=reason)
    yield from step(ctx, Activity.END_RELEASE, ending)
    with suppress(Stopped):  # what could not be sent by now, the sweeper sends later
        yield from step(
            ctx,
            Activity.WRAP_UP,
            payload(release_id),
            timeout_seconds=WRAP_UP_TIMEOUT_SECONDS,
        )
    return outcome.value


def plans(begun: dict[str, Json]) -> list[StagePlan]:
    """The stages, from the answer of `BEGIN_RELEASE`."""
    stages = begun["stages"]
    assert isinstance(stages, list)
    return [StagePlan.from_json(stage) for stage in stages if isinstance(stage, dict)]


def run_stage(ctx: OrchestrationContext, release_id: str, plan: StagePlan) -> Steps[None]:
    """Gate, copy, deployment beside what is live, probe, traffic."""
    yield from enter_stage(ctx, release_id, plan)
    steps = [
        Activity.RESERVE_ENDPOINT,
        Activity.PREPARE_ENDPOINT,
        Activity.DEPLOY_MODEL,
        Activity.PROBE_DEPLOYMENT,
        Activity.SHIFT_TRAFFIC,
        Activity.FINISH_STAGE,
    ]
    if plan.copy:
        steps.insert(0, Activity.COPY_MODEL)
    for activity in steps:
        yield from step(
            ctx,
            activity,
            payload(release_id, plan.name),
            interval_seconds=plan.interval_seconds,
            timeout_seconds=time_limit(activity, plan),
        )


def time_limit(activity: Activity, plan: StagePlan) -> float | None:
    """How long a step of a stage may stay pending, in seconds; None for as long as it takes."""
    if activity is Activity.COPY_MODEL:
        return COPY_TIMEOUT_SECONDS
    return None if activity in UNLIMITED else plan.timeout_seconds


def undo(
    ctx: OrchestrationContext, release_id: str, plan: StagePlan | None, stopped: Stopped
) -> Steps[str]:
    """Give the endpoint back as it was, however long that takes; what to add to the reason.

    Also when the release stops before its first step: an earlier run may have touched an endpoint.

    Raises:
        Rested: It does not work now. The release begins anew, and undoes it again.
    """
    try:
        undone = yield from step(
            ctx,
            Activity.UNDO_STAGE,
            payload(
                release_id,
                plan.name if plan else None,
                outcome=stopped.outcome.value,
                reason=stopped.reason,
            ),
            interval_seconds=plan.interval_seconds if plan else UNDO_INTERVAL_SECONDS,
        )
    except Stopped as failed:
        yield ctx.create_timer(UNDO_PAUSE)
        raise Rested from failed
    left = undone.get("left")
    return f" The endpoint could not be put back as it was: {left}" if left else ""
