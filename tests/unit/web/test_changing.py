from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.release import (
    EventType,
    Outcome,
)
from shared.ports import Orchestrations, Services
from shared.web import releases
from shared.web.http import Request, Response, guarded
from tests.fakes import World
from tests.fakes.failures import Faults
from tests.unit.web.browsing import document, sending
from tests.unit.web.interference import Meanwhile, Unreachable, touch
from tests.unit.web.support import (
    ADA,
    GRACE,
    MODEL,
    PIPELINE,
    waiting,
)

START = {
    "pipeline": "diabetes",
    "model": MODEL.name,
    "version": MODEL.version,
    "requested_by": ADA,
}


def tell(
    view: Callable[[Services, Request, Orchestrations], Response], world: World, request: Request
) -> tuple[int, dict[str, Any]]:
    response = guarded(view)(world.services, request, world.orchestrations)
    return response.status, document(response)


def test_a_release_is_started_by_hand() -> None:
    world = World([PIPELINE])
    response = releases.start_release(world.services, sending(START), world.orchestrations)
    shown = document(response)
    assert response.status == 202
    assert response.headers["Location"] == f"/api/releases/{shown['id']}"
    assert (shown["attempt"], shown["requested_by"]) == (1, ADA)
    assert world.orchestrations.started == [shown["id"]]
    assert [event.actor for event in world.store.events(release_id=shown["id"])] == [ADA]


@pytest.mark.parametrize("number", [31, 31.0])
def test_a_version_may_be_a_number(number: float) -> None:
    world = World([PIPELINE])
    status, shown = tell(releases.start_release, world, sending(START | {"version": number}))
    assert (status, shown["model"]["version"]) == (202, "31")


def test_an_ended_release_is_repeated_as_the_next_attempt() -> None:
    desk = waiting()
    desk.end(Outcome.EXPIRED, "Nobody decided.")
    status, shown = tell(releases.start_release, desk.world, sending(START))
    assert (status, shown["attempt"], shown["id"]) == (202, 2, f"{desk.id}-2")


class Quicker(Faults):
    """Somebody else starts the same version just before."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def meet(self, method: str) -> None:
        if method == "create":
            self._world.store.faults = Faults()
            tell(releases.start_release, self._world, sending(START | {"requested_by": GRACE}))


def test_of_two_who_start_the_same_version_one_does() -> None:
    world = World([PIPELINE])
    world.store.faults = Quicker(world)
    status, problem = tell(releases.start_release, world, sending(START))
    assert (status, problem["type"]) == (409, "urn:modelgate:problem:release-is-open")
    [release] = world.store.latest(pipeline=None, outcome=None, cursor=None, limit=9).releases
    assert release.requested_by == GRACE


def test_an_open_release_of_the_same_version_is_named() -> None:
    desk = waiting()
    status, problem = tell(releases.start_release, desk.world, sending(START))
    assert (status, problem["release_id"]) == (409, desk.id)
    assert desk.world.orchestrations.started == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"pipeline": "nobody"}, 404),
        ({"pipeline": None}, 400),
        ({"model": "other-model"}, 422),
        ({"model": ""}, 400),
        ({"model": "a/b"}, 400),
        ({"model": "x" * 300}, 400),
        ({"version": True}, 400),
        ({"version": None}, 400),
        ({"version": 1.5}, 400),
        ({"version": -1}, 400),
        ({"version": 2**53}, 400),
        ({"version": float("inf")}, 400),
        ({"pipeline": "p" * 101}, 400),
        ({"requested_by": "A\nB"}, 400),
        ({"version": "1 or 2"}, 400),
        ({"version": "../2"}, 400),
        ({"requested_by": "  "}, 400),
        ({"requested_by": "a\nb"}, 400),
        ({"requested_by": "\ud800"}, 400),
        ({"requested_by": "a" * 255}, 400),
    ],
)
def test_what_cannot_be_started_is_refused(change: dict[str, Any], status: int) -> None:
    world = World([PIPELINE])
    answered, problem = tell(releases.start_release, world, sending(START | change))
    assert (answered, problem["status"]) == (status, status)
    assert world.store.latest(pipeline=None, outcome=None, cursor=None, limit=1).releases == ()


@pytest.mark.parametrize("missing", list(START))
def test_a_missing_field_is_named(missing: str) -> None:
    body = {name: value for name, value in START.items() if name != missing}
    status, problem = tell(releases.start_release, World([PIPELINE]), sending(body))
    assert status == 400
    assert missing in problem["detail"]


def test_a_stored_release_is_accepted_though_the_engine_does_not_answer() -> None:
    world = World([PIPELINE])
    response = guarded(releases.start_release)(world.services, sending(START), Unreachable())
    assert response.status == 202
    assert list(world.store.open_releases()) == [document(response)["id"]]


def test_a_release_is_stopped() -> None:
    desk = waiting()
    request = sending({"by": GRACE, "reason": "Wrong data.\r\n"}, id=desk.id)
    status, shown = tell(releases.abort_release, desk.world, request)
    assert (status, shown["abort_requested_by"]) == (202, GRACE)
    event = desk.events[-1]
    assert (event.type, event.actor) == (EventType.ABORT_REQUESTED, GRACE)
    assert event.details == {"reason": "Wrong data."}
    assert desk.world.orchestrations.rung == [desk.id]


def test_stopping_again_changes_nothing() -> None:
    desk = waiting()
    tell(releases.abort_release, desk.world, sending({"by": GRACE}, id=desk.id))
    before = (desk.stored, desk.events)
    status, shown = tell(releases.abort_release, desk.world, sending({"by": ADA}, id=desk.id))
    assert (status, shown["abort_requested_by"]) == (202, GRACE)
    assert (desk.stored, desk.events) == before


def test_what_has_ended_cannot_be_stopped() -> None:
    desk = waiting()
    desk.end(Outcome.EXPIRED, "Nobody decided.")
    status, problem = tell(releases.abort_release, desk.world, sending({"by": ADA}, id=desk.id))
    assert (status, problem["release_id"]) == (409, desk.id)


@pytest.mark.parametrize(
    "body", [{}, {"by": 1}, {"by": ADA, "reason": 1}, {"by": ADA, "reason": "x" * 2_001}]
)
def test_a_stop_without_a_person_or_with_too_much_to_say_is_refused(body: object) -> None:
    desk = waiting()
    assert tell(releases.abort_release, desk.world, sending(body, id=desk.id))[0] == 400
    assert desk.release.abort_requested_by is None


def test_an_unknown_release_cannot_be_stopped() -> None:
    request = sending({"by": ADA}, id="nobody")
    assert tell(releases.abort_release, World([PIPELINE]), request)[0] == 404


@pytest.mark.parametrize(("others", "status"), [(3, 202), (100, 503)])
def test_a_stop_meets_other_writers(others: int, status: int) -> None:
    desk = waiting()
    desk.world.store.faults = Meanwhile(lambda: touch(desk), others)
    answered, _ = tell(releases.abort_release, desk.world, sending({"by": ADA}, id=desk.id))
    assert answered == status
    asked = [event for event in desk.events if event.type is EventType.ABORT_REQUESTED]
    assert len(asked) == (1 if status == 202 else 0)
