"""Passing a gate: ask people, wait for them, and start the stage with their word."""

from datetime import timedelta

from durabletask.task import OrchestrationContext, when_any

from shared.domain.pipeline import Json
from shared.workflow.contract import NEWS, Activity, StagePlan, payload
from shared.workflow.orchestrators.steps import Rested, Steps, step

REVIEWS_PER_GENERATION = 30
"""After so many looks at its asks a release continues as new."""

ASKS_PER_GENERATION = 8
"""After so many asks, too."""

LONGEST_PAUSE_SECONDS = 3600.0
"""Between two asks: a pipeline or a model that is being changed would have people asked all day."""


def enter_stage(ctx: OrchestrationContext, release_id: str, plan: StagePlan) -> Steps[None]:
    """Pass the gate; people are asked again when what they approved has changed meanwhile.

    Raises:
        Rested: It has looked at asks many times.
    """
    gate, reviews, number = plan.gate, REVIEWS_PER_GENERATION, 0
    for _ in range(ASKS_PER_GENERATION):
        if number > 1:  # once is asked again at once, then after pauses that grow
            pause = min(2.0 ** min(number, 20), LONGEST_PAUSE_SECONDS)
            yield ctx.create_timer(timedelta(seconds=pause))
        if gate:
            asked = yield from step(ctx, Activity.ASK_APPROVAL, payload(release_id, plan.name))
            number = int(str(asked["number"]))
            ring(ctx, asked)
            reviews = yield from await_approval(ctx, release_id, plan, reviews)
        entered = yield from step(ctx, Activity.START_STAGE, payload(release_id, plan.name))
        ring(ctx, entered)
        if entered["started"]:
            return
        gate = True  # an approval that the stage got after the release began counts too
    raise Rested


def await_approval(
    ctx: OrchestrationContext, release_id: str, plan: StagePlan, reviews: int
) -> Steps[int]:
    """Wait for people; how many of so many looks at the ask are left.

    One wait for news at a time: an abandoned one would swallow an event.

    Raises:
        Rested: None are left; news that came meanwhile are kept.
    """
    news = ctx.wait_for_external_event(NEWS)
    try:
        for left in reversed(range(reviews)):
            review = yield from step(ctx, Activity.REVIEW_APPROVAL, payload(release_id, plan.name))
            if not review["waiting"]:
                return left
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
