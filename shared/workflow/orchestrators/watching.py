"""The sub-orchestrator that calls an activity until it is done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from durabletask.task import OrchestrationContext, TaskFailedError

from shared.domain.errors import Failure, FailureKind
from shared.domain.pipeline import Json
from shared.workflow.contract import Activity, Answer, AnswerState, Watch
from shared.workflow.orchestrators.steps import Steps

SHORTEST_PAUSE_SECONDS = 0.25
PAUSE_GROWTH = 0.06
"""Pauses grow with the time that has passed: a wait is seen to end at most 6 % late."""

LONGEST_ASKED_PAUSE_SECONDS = 300.0
"""The longest pause that a service may ask for."""

PATIENCE = timedelta(minutes=30)
"""How long failures in a row are taken for a passing fault."""

CALLS_PER_GENERATION = 40
"""After so many calls a watch continues as new: a replay loads the whole history."""


def watch(ctx: OrchestrationContext, start: dict[str, Json]) -> Steps[dict[str, Json] | None]:
    """Call an activity until it is done; the answer, as JSON."""
    task = Watch.from_json(start)
    since = _moment(task.since) or _now(ctx)
    failing_since = _moment(task.failing_since)
    for _ in range(CALLS_PER_GENERATION):
        answer = yield from call(ctx, task)
        passing = answer.failure is not None and answer.failure.retryable
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
        yield ctx.create_timer(timedelta(seconds=pause(task, answer, elapsed)))
    again = replace(
        task,
        since=since.isoformat(),
        failing_since=failing_since.isoformat() if failing_since else None,
    )
    ctx.continue_as_new(again.to_json())
    return None


def pause(task: Watch, answer: Answer, elapsed: float) -> float:
    """Seconds until the next call; as long as a service that is too busy asks for."""
    usual = min(max(SHORTEST_PAUSE_SECONDS, elapsed * PAUSE_GROWTH), task.interval_seconds)
    asked = answer.failure.retry_after_seconds if answer.failure else None
    return max(usual, min(asked or 0.0, LONGEST_ASKED_PAUSE_SECONDS))


def call(ctx: OrchestrationContext, task: Watch) -> Steps[Answer]:
    """One call of the activity. What it raised, nobody expected: it is tried again."""
    try:
        raw = yield ctx.call_activity(task.activity.value, input=task.payload)
    except TaskFailedError as error:
        failure = Failure(
            kind=FailureKind.TRANSIENT,
            code="UnexpectedFailure",
            message=f"Step {task.activity} failed unexpectedly ({error.details.error_type}). "
            "The logs have the release id and the whole story; start the release again "
            "when the cause is mended.",
        )
        return Answer.failed(failure)
    return Answer.from_json(raw)


def timed_out(task: Watch) -> Failure:
    """The failure of an activity that stayed pending for too long.

    Only a deployment that takes too long says something about the model.
    """
    minutes = (task.timeout_seconds or 0) / 60
    is_deployment = task.activity is Activity.DEPLOY_MODEL
    return Failure(
        kind=FailureKind.MODEL if is_deployment else FailureKind.FINAL,
        code="Timeout",
        message=f"Step {task.activity} was not done after {minutes:g} minutes. "
        "Raise the stage's health.timeout if it needs longer.",
    )


def _now(ctx: OrchestrationContext) -> datetime:
    now = ctx.current_utc_datetime
    return now if now.tzinfo else now.replace(tzinfo=UTC)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
