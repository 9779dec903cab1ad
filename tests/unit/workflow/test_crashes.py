"""After a break at any single call of any port a release reaches the same end."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.domain.release import EventType, ReleaseId
from shared.workflow.sweeper import sweep
from tests.fakes import World
from tests.unit.workflow.crashing import Breaker, EngineLost
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import PIPELINE, Releasing


@dataclass
class Story:
    """An older version serves, a new one is released, and one call of a port breaks."""

    breaker: Breaker
    releasing: Releasing = field(default_factory=lambda: Releasing(World((PIPELINE,))))
    losses: int = 0

    def run(self) -> dict[str, Any]:
        """What the release leaves behind."""
        world = self.releasing.world
        for stage in PIPELINE.stages:
            self.releasing.serve(stage)
        world.endpoints.looks = world.artifacts.looks = 1
        release_id = self.releasing.begin("3")
        people = self.releasing.approves(release_id)
        services = self.breaker.over(world.services)
        world.orchestrations.start(release_id=release_id)
        for _ in range(3):
            self._until_it_ends(Inline(world, services, people=people), release_id)
            world.orchestrations.running.clear()
            sweep(world.services, world.orchestrations)
        return self.releasing.left_behind(release_id)

    def _until_it_ends(self, inline: Inline, release_id: ReleaseId) -> None:
        running = self.releasing.world.orchestrations.running
        if release_id not in running:
            return
        try:
            inline.run(release_id)
        except EngineLost:
            self.losses += 1


WHOLE = Story(Breaker())
EXPECTED = WHOLE.run()
CALLS = WHOLE.breaker.methods


RETIRING = {
    ("passing failure", "endpoints.get"),
    ("passing failure", "endpoints.deployments"),
    ("passing failure", "endpoints.begin_delete"),
    ("passing failure", "store.get"),
}


def test_without_a_break_the_release_succeeds() -> None:
    assert EXPECTED["outcome"][0] == "Succeeded"
    assert EXPECTED["open"] == []
    assert len(CALLS) > 100
    assert {name.partition(".")[0] for name in CALLS} >= {
        "models",
        "endpoints",
        "artifacts",
        "store",
        "mailer",
        "publisher",
        "links",
        "letters",
    }


@pytest.fixture(autouse=True)
def _without_logs() -> Iterator[None]:
    """Thousands of expected warnings would take longer to keep than the tests to run."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("engine lost", False),
        ("engine lost", True),
        ("passing failure", False),
        ("unexpected", True),
    ],
)
def test_a_break_at_any_call_changes_nothing(kind: str, after: bool) -> None:
    for at, name in enumerate(CALLS, start=1):
        story = Story(Breaker(at=at, after=after, kind=kind))
        left = story.run()
        if left["trail"]["Notice"]:  # the old deployment stays until the next release, as noted
            assert (kind, name) in RETIRING
            left["deployments"] = EXPECTED["deployments"]
            left["trail"] -= {"Notice": 1}
            left["published"].pop()
        assert left == EXPECTED, f"{kind} at call {at}, {name}"
        assert story.losses == (kind == "engine lost")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_another_writer_at_any_write_changes_nothing(after: bool) -> None:
    for at, name in enumerate(CALLS, start=1):
        if name == "store.save":
            left = Story(Breaker(at=at, after=after, kind="conflict")).run()
            assert left == EXPECTED, f"conflict at call {at}"


def test_published_events_stay_in_order_when_the_publisher_is_cut_off() -> None:
    for at in [at for at, name in enumerate(CALLS, start=1) if name == "publisher.publish"]:
        story = Story(Breaker(at=at, after=True))
        story.run()
        published = story.releasing.world.publisher.published
        numbers = [e.number for e in published if e.release_id == published[-1].release_id]
        assert list(dict.fromkeys(numbers)) == list(range(1, max(numbers) + 1))
        assert published[-1].type is EventType.ENDED
