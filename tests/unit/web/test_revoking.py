"""Links that were mailed to the wrong people, stolen, or seen by too many."""

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.release import EventType, Outcome
from shared.web.http import guarded
from shared.web.revoking import revoke_links
from tests.fakes import World
from tests.unit.web.browsing import document, filled, look, say, send, sending
from tests.unit.web.interference import Meanwhile, Unreachable, touch
from tests.unit.web.samples import QUORUM
from tests.unit.web.support import (
    ADA,
    GRACE,
    Desk,
    waiting,
)

BY = {"by": "linus@example.com", "reason": "Sent to a list.\r\n"}


def revoke(desk: Desk, body: object = BY) -> tuple[int, dict[str, Any]]:
    response = guarded(revoke_links)(
        desk.world.services, sending(body, id=desk.id), desk.world.orchestrations
    )
    return response.status, document(response)


def test_links_that_were_mailed_decide_nothing_any_more_and_others_are_mailed() -> None:
    desk = waiting()
    token, form = desk.token(), filled(desk, "approve")
    status, shown = revoke(desk)
    assert (status, shown["id"]) == (202, desk.id)
    assert (desk.asked.series, desk.asked.mailed) == (2, ())
    assert look(desk, token=token).status == 410
    assert send(desk, form, token=token).status == 409
    assert desk.decisions == []
    assert desk.world.orchestrations.rung == [desk.id]
    assert say(desk, "approve").status == 200


def test_the_trail_says_who_revoked_them_and_why() -> None:
    desk = waiting()
    revoke(desk)
    event = desk.events[-1]
    assert (event.type, event.actor, event.stage) == (
        EventType.LINKS_REVOKED,
        "linus@example.com",
        "prod",
    )
    assert event.message == "linus@example.com revoked the links to prod: Sent to a list."
    assert event.details == {"ask": 1, "series": 2, "reason": "Sent to a list."}
    assert event.number == desk.release.last_event


def test_answers_that_were_given_stay() -> None:
    desk = waiting()
    say(desk, "approve", GRACE)
    decisions = desk.decisions
    revoke(desk, {"by": ADA})
    assert desk.decisions == decisions
    assert desk.events[-1].message == f"{ADA} revoked the links to prod"


def test_every_time_is_another_series() -> None:
    desk = waiting()
    first, second = revoke(desk), revoke(desk)
    assert (first[0], second[0], desk.asked.series) == (202, 202, 3)


def test_a_revoked_link_tells_nothing_of_the_person_it_was_for() -> None:
    desk = waiting(QUORUM)
    token = desk.token()
    assert say(desk, "approve", comment="As good as we hoped.").status == 200
    assert "As good as we hoped." in look(desk, token=token).body
    assert revoke(desk)[0] == 202
    page = look(desk, token=token)
    assert page.status == 410
    assert "revoked" in page.body
    assert "As good as we hoped." not in page.body
    assert ADA not in page.body


def test_where_nobody_is_asked_nothing_is_revoked() -> None:
    pending = Desk()
    used = waiting()
    used.update(used=True)
    begun = waiting()
    begun.begin_prod()
    ended = waiting()
    ended.end(Outcome.EXPIRED, "Nobody decided.")
    for desk in (pending, used, begun, ended):
        before = desk.stored
        status, problem = revoke(desk)
        assert (status, problem["type"]) == (409, "urn:modelgate:problem:nobody-is-asked")
        assert problem["release_id"] == desk.id
        assert desk.stored == before
        assert desk.world.orchestrations.rung == []


@pytest.mark.parametrize(
    "body", [{}, {"by": 1}, {"by": ADA, "reason": 1}, {"by": ADA, "reason": "x" * 2_001}]
)
def test_nobody_revokes_without_a_name_or_with_too_much_to_say(body: object) -> None:
    desk = waiting()
    assert revoke(desk, body)[0] == 400
    assert desk.asked.series == 1


def test_an_unknown_release_has_no_links() -> None:
    response = guarded(revoke_links)(
        World().services, sending(BY, id="nobody"), World().orchestrations
    )
    assert response.status == 404


@pytest.mark.parametrize(("others", "status", "series"), [(3, 202, 2), (100, 503, 1)])
def test_a_revocation_meets_other_writers(others: int, status: int, series: int) -> None:
    desk = waiting()
    desk.world.store.faults = Meanwhile(lambda: touch(desk), others)
    assert revoke(desk)[0] == status
    assert desk.asked.series == series


def test_a_revocation_stands_though_the_engine_does_not_answer() -> None:
    desk = waiting()
    request = replace(sending(BY, id=desk.id), base_url="https://modelgate.example")
    response = guarded(revoke_links)(desk.world.services, request, Unreachable())
    assert response.status == 202
    assert response.headers["Location"].endswith(f"/api/releases/{desk.id}")
    assert desk.asked.series == 2
