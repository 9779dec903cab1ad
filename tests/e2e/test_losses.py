"""What Azure loses, delivers twice or refuses for a while changes no release's end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from tests.e2e.scenarios import LOST
from tests.e2e.stacks import WHOLE_TRAIL, Release, Stack, types
from tests.e2e.workspaces import eventually

STEP_SECONDS = 0.7


def went_through_once(stack: Stack, release: Release) -> None:
    """Check that everything happened, and once."""
    scenario = release["pipeline"]
    trail = stack.events(release["id"])
    assert [event["number"] for event in trail] == list(range(1, len(trail) + 1))
    assert types(trail) == WHOLE_TRAIL
    for role, stage in zip(("qa", "prod"), release["stages"], strict=True):
        endpoint = f"{scenario}-{role}"
        assert stack.deployments(role, endpoint) == {stage["deployment"]}
        assert stack.traffic(role, endpoint) == {stage["deployment"]: 100}
    assert stack.answer("prod", f"{scenario}-prod") == [2.0, 4.0]
    copies = stack.arm_calls("PUT", f"models/{scenario}-production/versions/1")
    assert copies.count(201) == 1
    stack.owners_mail(scenario)
    assert len(stack.links(scenario)) == 1
    assert len(stack.mail(f"owner@{scenario}.example")) == 1
    published = eventually(lambda: all_published(stack, release["id"]), "every event published")
    assert published == [f"ModelGate.Release.{name}" for name in WHOLE_TRAIL]


def all_published(stack: Stack, release_id: str) -> list[str] | None:
    """The types of a release's published events, each event once, when the last one is there."""
    published = {event["id"]: event["type"] for event in stack.published(release_id)}
    names = list(published.values())
    return names if names and names[-1].endswith(".Ended") else None


@contextmanager
def losing_the_engine(stack: Stack) -> Iterator[None]:
    """Lose every orchestration again and again, at whatever point each of them is."""
    stop = Event()

    def run() -> None:
        while not stop.wait(STEP_SECONDS):
            stack.drop_engine()

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)


def test_releases_survive_the_loss_of_the_engine_at_any_point(stack: Stack) -> None:
    with losing_the_engine(stack):
        for scenario in LOST:
            stack.register(scenario)
            time.sleep(STEP_SECONDS / 3)
        for scenario in LOST:
            stack.decide(scenario)
        ids = [stack.started(scenario) for scenario in LOST]
        ended = [stack.succeeded(each) for each in ids]
    stack.drop_engine()
    for release in ended:
        went_through_once(stack, release)


def test_whatever_is_delivered_twice_or_lost_happens_once(stack: Stack) -> None:
    faults = {"redeliver_activities": 100, "redeliver_turns": 100, "lose_results": 3}
    stack.control("functions", "durable", {**faults, "redeliver_events": 10})
    release_id = stack.release_of("twice")
    stack.decide("twice")
    went_through_once(stack, stack.succeeded(release_id))


@pytest.fixture
def no_mail(stack: Stack) -> Iterator[None]:
    """The mail service's quota is used up."""
    stack.control("mailbox", "quota", {"per_minute": 0, "per_hour": 0})
    yield
    stack.control("mailbox", "quota", {"name": "unlimited"})


@pytest.mark.usefixtures("no_mail")
def test_mail_that_is_refused_for_a_while_comes_later(stack: Stack) -> None:
    release_id = stack.release_of("mailless")
    release = stack.when(release_id, "Waiting", "prod")
    assert release["stages"][1]["ask"]["mailed"] == []
    stack.control("mailbox", "quota", {"name": "unlimited"})
    stack.ring(release_id)
    stack.link("mailless")
    stack.control("mailbox", "quota", {"per_minute": 0})
    stack.decide("mailless", "reject")
    assert stack.ended(release_id)["outcome"] == "Rejected"
    assert stack.mail("owner@mailless.example") == []
    stack.control("mailbox", "quota", {"name": "unlimited"})
    stack.owners_mail("mailless")
    assert len(stack.links("mailless")) == 1


def test_events_that_the_topic_refuses_are_published_later(stack: Stack) -> None:
    stack.control("eventgrid", "faults", {"status": 503, "times": 8})
    release = stack.succeeded(stack.release_of("unheard"))
    published = eventually(lambda: all_published(stack, release["id"]), "every event published")
    trail = types(stack.events(release["id"]))
    assert published == [f"ModelGate.Release.{name}" for name in trail]
