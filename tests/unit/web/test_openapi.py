"""What programs get is what docs/openapi.yaml says, to the field."""

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import limits
from shared.domain.release import IgnoredEvent
from shared.web import inputs, releases, revoking
from shared.web.http import ProblemError, Request, guarded
from tests.openapi import description, faults
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


def test_the_limits_are_those_of_the_service() -> None:
    schemas = description()["components"]["schemas"]
    listing = description()["paths"]["/api/releases"]["get"]["parameters"]
    events = description()["paths"]["/api/releases/{id}/events"]["get"]["parameters"]
    lengths = {each["name"]: each["schema"].get("maxLength") for each in listing}
    assert lengths["pipeline"] == limits.PIPELINE_CHARACTERS
    assert lengths["cursor"] == limits.CURSOR_CHARACTERS
    assert events[0]["schema"]["maximum"] == limits.EVENT_NUMBER
    start, order, answer = (schemas[name]["properties"] for name in ("Start", "Order", "Answer"))
    assert start["pipeline"]["maxLength"] == limits.PIPELINE_CHARACTERS
    assert start["version"]["anyOf"][1]["maximum"] == limits.VERSION_NUMBER
    assert schemas["Person"]["maxLength"] == limits.PERSON_CHARACTERS
    assert order["reason"]["maxLength"] == limits.COMMENT_CHARACTERS
    assert answer["comment"]["maxLength"] == limits.COMMENT_CHARACTERS
    for name in ("version", "code", "effective_at", "to"):
        assert answer[name]["maxLength"] == limits.FIELD_CHARACTERS


@given(
    st.text(st.sampled_from("A\u3000 \t\n\x00\x85\xad\u061c\u200b\u2028\u202e\u2060\ufeff\ufffa"))
    | st.text()
)
def test_names_of_people_are_taken_as_it_says(name: str) -> None:
    says = re.fullmatch(description()["components"]["schemas"]["Person"]["pattern"], name)
    try:
        assert inputs.person({"by": name}, "by") == name.strip()
        assert says
    except ProblemError:
        assert not says or len(name) > limits.PERSON_CHARACTERS


def test_a_field_more_or_less_is_found() -> None:
    told = answered(waiting(BERLIN, **FULL))
    more, less = copy.deepcopy(told), copy.deepcopy(told)
    more["stages"][1]["ask"]["policy"]["token"] = "x"
    del less["evidence"][0]["checks"]
    assert "token" in faults(more, "Release")[0]
    assert "checks" in faults(less, "Release")[0]
