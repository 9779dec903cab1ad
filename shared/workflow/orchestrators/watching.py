"""The sub-orchestrator that calls an activity until it is done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from durabletask.task import OrchestrationContext, TaskFailedError

from shared.domain.errors import Failure, FailureKind
from shared.domain.pipeline import Json
from shared.workflow.contract import Activity, Answer, AnswerState, Watch
from shared.workflow.orchestrators.steps import Steps

SHORTEST_PAUSE_SECONDS = 0.25
PAUSE_GROWTH = 0.06
"""Pauses grow with the time that has passed: a wait is seen to end at most 6 % late."""

LONGEST_ASKED_PAUSE_SECONDS = 3600.0
"""The longest pause that a service may ask for; ARM was seen to ask for 372 s."""

LONGEST_RETRY_PAUSE_SECONDS = 300.0
"""The longest pause of our own choice between two tries of what fails."""

JITTER = 0.2
"""How much longer such a pause may be: releases that failed together do not come together."""

PATIENCE = timedelta(days=3)
"""How long failures in a row are taken for a passing fault."""

LIMITED = frozenset({Activity.UNDO_STAGE, Activity.WRAP_UP})
"""Activities whose time goes on while they fail: somebody else does the rest."""

CALLS_PER_GENERATION = 40
"""After so many calls a watch continues as new: a replay loads the whole history."""


def watch(ctx: OrchestrationContext, start: dict[str, Json]) -> Steps[dict[str, Json] | None]:
    """Call an activity until it is done; the answer, as JSON."""
    task = Watch.from_json(start)
    since = _moment(task.since) or _now(ctx)
    failing_since = _moment(task.failing_since)
    for _ in range(CALLS_PER_GENERATION):
        answer = yield from call(ctx, task)
        passing = answer.failure is not None and answer.failure.is_transient
        if answer.state is not AnswerState.PENDING and not passing:
            return answer.to_json()
        now = _now(ctx)
        failing_since = (failing_since or now) if passing else None
        if failing_since is not None and now - failing_since > PATIENCE:
            return answer.to_json()
        if is_late(task, now - since) and not (passing and task.activity not in LIMITED):
            return (answer if passing else Answer.failed(timed_out(task))).to_json()
        elapsed = (now - (failing_since or since)).total_seconds()
        seconds = pause(task, answer, elapsed)
        if passing:
            seconds *= 1 + JITTER * fraction(f"{ctx.instance_id} {now.isoformat()}")
            if task.activity not in LIMITED:
                since += timedelta(seconds=seconds)  # a fault of Azure's is no delay of the work
        yield ctx.create_timer(timedelta(seconds=seconds))
    again = replace(
        task,
        since=since.isoformat(),
        failing_since=failing_since.isoformat() if failing_since else None,
    )
    ctx.continue_as_new(again.to_json())
    return None


def is_late(task: Watch, taken: timedelta) -> bool:
    """Whether the work has taken longer than it may."""
    return task.timeout_seconds is not None and taken.total_seconds() > task.timeout_seconds


def fraction(text: str) -> float:
    """From 0 to 1, by chance, but the same in every replay."""
    return int(sha256(text.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


def pause(task: Watch, answer: Answer, elapsed: float) -> float:
    """Seconds until the next call; as long as a service that is too busy asks for."""
    most = LONGEST_RETRY_PAUSE_SECONDS if answer.failure else task.interval_seconds
    usual = min(max(SHORTEST_PAUSE_SECONDS, elapsed * PAUSE_GROWTH), most)
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
    advice = (
        "Azure has not copied the model's files by then. Start the release again: it goes on with "
        "what is copied."
        if task.activity is Activity.COPY_MODEL
        else "Raise the stage's health.timeout if it needs longer."
    )
    return Failure(
        kind=FailureKind.MODEL if is_deployment else FailureKind.FINAL,
        code="Timeout",
        message=f"Step {task.activity} was not done after {minutes:g} minutes. {advice}",
    )


def _now(ctx: OrchestrationContext) -> datetime:
    now = ctx.current_utc_datetime
    return now if now.tzinfo else now.replace(tzinfo=UTC)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
