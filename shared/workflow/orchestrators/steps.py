"""Steps: what orchestrators are made of, and how they end early."""

from collections.abc import Generator
from typing import Any

from durabletask.task import OrchestrationContext, Task, TaskFailedError

from shared.domain.errors import FailureKind
from shared.domain.pipeline import Json
from shared.domain.release import Outcome
from shared.workflow.contract import WATCH, Activity, Answer, AnswerState, Watch

type Steps[T] = Generator[Task[Any], Any, T]


class Stopped(Exception):  # noqa: N818 - an ending, not an error
    """The release is to end here."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class Rested(Exception):  # noqa: N818 - nothing is wrong
    """The release has waited for so many turns that it begins anew."""


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
    if answer.failure is not None:
        model = answer.failure.kind is FailureKind.MODEL
        raise Stopped(Outcome.FAILED if model else Outcome.ERRORED, answer.failure.message)
    return answer.value
