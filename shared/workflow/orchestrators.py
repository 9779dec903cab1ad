"""The orchestrators: they decide nothing, they drive what the store says.

Deterministic: no I/O, no clock but the context's, no environment. A release that lost its
orchestration is started anew from the beginning; every activity then finds its work done.
"""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from durabletask.task import OrchestrationContext, Task, TaskFailedError, when_any

from shared.domain.errors import Blame, Trouble
from shared.domain.pipeline import Json
from shared.domain.release import Outcome
from shared.workflow.contract import (
    NEWS,
    WATCH,
    Activity,
    Answer,
    AnswerState,
    StagePlan,
    Watch,
    payload,
)

type Steps[T] = Generator[Task[Any], Any, T]

SHORTEST_PAUSE_SECONDS = 0.25
PAUSE_GROWTH = 0.06
"""Pauses grow with the time that has passed: a wait is seen to end at most 6 % late."""

PATIENCE = timedelta(minutes=30)
"""How long failures in a row are taken for a passing fault."""

CALLS_PER_GENERATION = 40
"""After so many calls a watch continues as new: a replay loads the whole history."""

REVIEWS_PER_GENERATION = 30
"""After so many looks at an ask a release continues as new."""

UNDO_TIMEOUT_SECONDS = 3600.0
UNDO_INTERVAL_SECONDS = 15.0
WRAP_UP_TIMEOUT_SECONDS = 600.0


class Stopped(Exception):  # noqa: N818 - an ending, not an error
    """The release is to end here."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class Rested(Exception):  # noqa: N818 - nothing is wrong
    """The release has waited for so many turns that it begins anew."""


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
        unlimited = activity is Activity.RESERVE_ENDPOINT
        yield from step(
            ctx,
            activity,
            payload(release_id, plan.name),
            interval_seconds=plan.interval_seconds,
            timeout_seconds=None if unlimited else plan.timeout_seconds,
        )


def enter_stage(ctx: OrchestrationContext, release_id: str, plan: StagePlan) -> Steps[None]:
    """Pass the gate; people are asked again when what they approved has changed meanwhile."""
    gate = plan.gate
    while True:
        if gate:
            asked = yield from step(ctx, Activity.ASK_APPROVAL, payload(release_id, plan.name))
            ring(ctx, asked)
            yield from await_approval(ctx, release_id, plan)
        entered = yield from step(ctx, Activity.START_STAGE, payload(release_id, plan.name))
        ring(ctx, entered)
        if entered["started"]:
            return
        gate = True  # an approval that the stage got after the release began counts too


def await_approval(ctx: OrchestrationContext, release_id: str, plan: StagePlan) -> Steps[None]:
    """Wait for people. One wait for news at a time: an abandoned one would swallow an event.

    Raises:
        Rested: It has waited for many turns; news that came meanwhile are kept.
    """
    news = ctx.wait_for_external_event(NEWS)
    try:
        for _ in range(REVIEWS_PER_GENERATION):
            review = yield from step(ctx, Activity.REVIEW_APPROVAL, payload(release_id, plan.name))
            if not review["waiting"]:
                return
            timer = ctx.create_timer(timedelta(seconds=float(str(review["wake_seconds"]))))
            winner = yield when_any([news, timer])
            if winner is news:
                timer.cancel()
                news = ctx.wait_for_external_event(NEWS)
        raise Rested
    finally:
        news.cancel()


def ring(ctx: OrchestrationContext, answer: dict[str, Json]) -> None:
    """Tell the releases that an activity has written to; whom this misses the sweeper rings."""
    ids = answer["ring"]
    assert isinstance(ids, list)
    for release_id in ids:
        ctx.send_event(str(release_id), NEWS, data={})


def undo(
    ctx: OrchestrationContext, release_id: str, plan: StagePlan | None, stopped: Stopped
) -> Steps[str]:
    """Give the endpoint back as it was; what to add to the reason where that failed.

    Also when the release stops before its first step: an earlier run may have touched an endpoint.
    """
    try:
        yield from step(
            ctx,
            Activity.UNDO_STAGE,
            payload(
                release_id,
                plan.name if plan else None,
                outcome=stopped.outcome.value,
                reason=stopped.reason,
            ),
            interval_seconds=plan.interval_seconds if plan else UNDO_INTERVAL_SECONDS,
            timeout_seconds=UNDO_TIMEOUT_SECONDS,
        )
    except Stopped as failed:
        return f" The endpoint could not be put back as it was: {failed.reason}"
    return ""


def step(
    ctx: OrchestrationContext,
    activity: Activity,
    payload: dict[str, Json],
    *,
    interval_seconds: float = 15.0,
    timeout_seconds: float | None = None,
) -> Steps[dict[str, Json]]:
    """Bring one activity to its end, in a sub-orchestration; its value.

    Raises:
        Stopped: The activity failed for good, or said that the release ends here.
    """
    task = Watch(
        activity=activity,
        payload=payload,
        interval_seconds=interval_seconds,
        timeout_seconds=timeout_seconds,
    )
    try:
        raw = yield ctx.call_sub_orchestrator(
            WATCH,
            input=task.to_json(),
            # the usual id may be in use by a child of a lost run, and be waited for for ever
            instance_id=f"{ctx.instance_id}:{ctx.new_uuid()}",
            version=ctx.version,  # a child gets none unless the call gives it one
        )
    except TaskFailedError as error:
        raise Stopped(
            Outcome.ERRORED,
            f"Step {activity} broke off ({error.details.error_type}). See the release's logs.",
        ) from error
    answer = Answer.from_json(raw)
    if answer.state is AnswerState.STOPPED:
        raise Stopped(answer.outcome or Outcome.ERRORED, answer.reason)
    if answer.trouble is not None:
        model = answer.trouble.blame is Blame.MODEL
        raise Stopped(Outcome.FAILED if model else Outcome.ERRORED, answer.trouble.message)
    return answer.value


def watch(ctx: OrchestrationContext, start: dict[str, Json]) -> Steps[dict[str, Json] | None]:
    """Call an activity until it is done; the answer, as JSON."""
    task = Watch.from_json(start)
    since = _moment(task.since) or _now(ctx)
    failing_since = _moment(task.failing_since)
    for _ in range(CALLS_PER_GENERATION):
        answer = yield from call(ctx, task)
        passing = answer.trouble is not None and answer.trouble.retryable
        if answer.state is not AnswerState.PENDING and not passing:
            return answer.to_json()
        now = _now(ctx)
        failing_since = (failing_since or now) if passing else None
        if failing_since is not None and now - failing_since > PATIENCE:
            return answer.to_json()
        if (
            task.timeout_seconds is not None
            and (now - since).total_seconds() > task.timeout_seconds
        ):
            return (answer if passing else Answer.failed(timed_out(task))).to_json()
        elapsed = (now - (failing_since or since)).total_seconds()
        pause = max(SHORTEST_PAUSE_SECONDS, elapsed * PAUSE_GROWTH)
        yield ctx.create_timer(timedelta(seconds=min(pause, task.interval_seconds)))
    again = replace(
        task,
        since=since.isoformat(),
        failing_since=failing_since.isoformat() if failing_since else None,
    )
    ctx.continue_as_new(again.to_json())
    return None


def call(ctx: OrchestrationContext, task: Watch) -> Steps[Answer]:
    """One call of the activity. What it raised, nobody expected: it is tried again."""
    try:
        raw = yield ctx.call_activity(task.activity.value, input=task.payload)
    except TaskFailedError as error:
        trouble = Trouble(
            blame=Blame.TECHNOLOGY,
            code="UnexpectedFailure",
            message=f"Step {task.activity} failed unexpectedly ({error.details.error_type}). "
            "The logs have the release id and the whole story; start the release again "
            "when the cause is mended.",
            retryable=True,
        )
        return Answer.failed(trouble)
    return Answer.from_json(raw)


def timed_out(task: Watch) -> Trouble:
    """The trouble of an activity that stayed pending for too long.

    Only a deployment that takes too long says something about the model.
    """
    minutes = (task.timeout_seconds or 0) / 60
    is_deployment = task.activity is Activity.DEPLOY_MODEL
    return Trouble(
        blame=Blame.MODEL if is_deployment else Blame.TECHNOLOGY,
        code="Timeout",
        message=f"Step {task.activity} was not done after {minutes:g} minutes. "
        "Raise the stage's health.timeout if it needs longer.",
    )


def _now(ctx: OrchestrationContext) -> datetime:
    now = ctx.current_utc_datetime
    return now if now.tzinfo else now.replace(tzinfo=UTC)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
