"""What programs get is what docs/openapi.yaml says, to the field."""

import copy
from typing import Any

import pytest

from shared.domain.release import IgnoredEvent
from shared.web import releases, revoking
from shared.web.http import Request, guarded
from tests.openapi import faults
from tests.unit.web.browsing import document, look, say
from tests.unit.web.samples import BERLIN, FULL, QUORUM, SEQUENCE
from tests.unit.web.support import MODEL, Desk, waiting

POLICIES = [BERLIN, QUORUM, SEQUENCE]


def answered(desk: Desk) -> dict[str, Any]:
    request = Request("GET", params={"id": desk.id})
    return document(releases.get_release(desk.world.services, request))


@pytest.mark.parametrize("policy", POLICIES, ids=["berlin", "quorum", "sequence"])
def test_a_release_with_everything(policy: Any) -> None:  # noqa: ANN401 (a policy)
    desk = waiting(policy, **FULL)
    look(desk)
    say(desk, "approve")
    assert faults(answered(desk), "Release") == []


def test_a_bare_release_and_lists() -> None:
    desk = waiting()
    services = desk.world.services
    assert faults(answered(desk), "Release") == []
    listed = document(releases.list_releases(services, Request("GET")))
    assert len(listed["releases"]) == 1
    assert faults(listed, "Releases") == []
    events = Request("GET", params={"id": desk.id})
    assert faults(document(releases.list_events(services, events)), "Events") == []
    for model in (MODEL, None):
        event = IgnoredEvent("e-1", desk.world.clock.now(), "/subscriptions/s", model, "no taker")
        desk.world.store.ignore(event=event)
        ignored = document(releases.list_ignored(services, Request("GET")))
        assert ignored["ignored"]
        assert faults(ignored, "Ignored") == []
    assert faults(document(releases.health(services, Request("GET"))), "Health") == []


def test_what_is_accepted_and_what_is_not() -> None:
    desk = waiting()
    body = b'{"by": "ann@example.com"}'
    headers = {"content-type": "application/json"}
    request = Request("POST", params={"id": desk.id}, body=body, headers=headers)
    for view in (revoking.revoke_links, releases.abort_release):
        answer = guarded(view)(desk.world.services, request, desk.world.orchestrations)
        assert answer.status == 202
        assert faults(document(answer), "Summary") == []
    unknown = guarded(releases.get_release)(
        desk.world.services, Request("GET", params={"id": "none-1-0123456789"})
    )
    assert unknown.status == 404
    assert faults(document(unknown), "Problem") == []


def test_a_field_more_or_less_is_found() -> None:
    told = answered(waiting(BERLIN, **FULL))
    more, less = copy.deepcopy(told), copy.deepcopy(told)
    more["stages"][1]["ask"]["policy"]["token"] = "x"
    del less["evidence"][0]["checks"]
    assert "token" in faults(more, "Release")[0]
    assert "checks" in faults(less, "Release")[0]
