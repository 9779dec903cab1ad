"""One model version on its whole way: registered, deployed, approved, copied, serving."""

from typing import Any

import pytest
import requests

from tests.e2e.stacks import WHOLE_TRAIL, Stack, types
from tests.e2e.workspaces import eventually
from tests.openapi import faults

SCENARIO = "whole-way"
TAGS = {"area": "numbers"}
PROPERTIES = {"r2": "0.97"}


@pytest.fixture(scope="module")
def waiting(stack: Stack) -> dict[str, Any]:
    """The release, waiting for its approver."""
    release_id = stack.release_of(
        SCENARIO, factor=3.0, description="Trebles.", tags=TAGS, properties=PROPERTIES
    )
    stack.link(SCENARIO)

    def look() -> dict[str, Any] | None:
        release = stack.release(release_id)
        return release if release["stages"][1]["ask"]["mailed"] else None

    return eventually(look, "the mail is written down, too")


@pytest.fixture(scope="module")
def done(stack: Stack, waiting: dict[str, Any]) -> dict[str, Any]:
    """The release, after its approval."""
    stack.decide(SCENARIO)
    return stack.succeeded(waiting["id"])


def test_the_version_serves_in_qa_while_people_are_asked(
    stack: Stack, waiting: dict[str, Any]
) -> None:
    first, second = waiting["stages"]
    assert (first["state"], second["state"]) == ("Succeeded", "Waiting")
    assert first["probe"]["status"] == 200
    assert stack.traffic("qa", f"{SCENARIO}-qa") == {first["deployment"]: 100}
    assert stack.answer("qa", f"{SCENARIO}-qa") == [3.0, 6.0]
    assert not list(stack.studio.client("prod").models.list(f"{SCENARIO}-production"))


def test_the_approver_gets_one_mail_with_what_was_measured(
    stack: Stack, waiting: dict[str, Any]
) -> None:
    (mail,) = stack.mail(f"approver@{SCENARIO}.example")
    for form in (mail["text"], mail["html"]):
        for told in (SCENARIO, "Trebles.", "numbers", "answered 200", stack.links(SCENARIO)[0]):
            assert told in form
    assert waiting["evidence"][0]["properties"] == PROPERTIES


def test_opening_the_page_changes_nothing(stack: Stack, waiting: dict[str, Any]) -> None:
    link = stack.link(SCENARIO)
    before = stack.events(waiting["id"])
    for _ in range(3):
        page = requests.get(link, timeout=30)
        assert page.status_code == 200
        assert "Trebles." in page.text
    assert requests.head(link, timeout=30).status_code == 200
    assert stack.events(waiting["id"]) == before
    after = stack.release(waiting["id"])
    (fetch,) = after.pop("fetches")
    assert (fetch["kind"], fetch["person"]) == ("automatic", f"approver@{SCENARIO}.example")
    assert after == {name: value for name, value in waiting.items() if name != "fetches"}


def test_the_copy_carries_everything_and_says_where_it_came_from(
    stack: Stack, done: dict[str, Any]
) -> None:
    copy = stack.studio.client("prod").models.get(f"{SCENARIO}-production", "1")
    origin = {
        "modelgate-source-workspace": "wk-qa",
        "modelgate-source-model": SCENARIO,
        "modelgate-source-version": "1",
        "modelgate-release": done["id"],
    }
    assert (copy.description, copy.type) == ("Trebles.", "custom_model")
    assert copy.tags == {**TAGS, **origin}
    assert {**copy.properties, **PROPERTIES} == copy.properties


def test_what_programs_get_is_as_described(stack: Stack, done: dict[str, Any]) -> None:
    assert faults(done, "Release") == []
    assert faults(stack.get(f"/api/releases?pipeline={SCENARIO}"), "Releases") == []
    assert faults(stack.get(f"/api/releases/{done['id']}/events"), "Events") == []
    assert faults(stack.get("/api/health"), "Health") == []


def test_prod_answers_as_qa_does_with_all_traffic_on_the_version(
    stack: Stack, done: dict[str, Any]
) -> None:
    deployment = done["stages"][1]["deployment"]
    assert stack.traffic("prod", f"{SCENARIO}-prod") == {deployment: 100}
    assert stack.answer("prod", f"{SCENARIO}-prod") == stack.answer("qa", f"{SCENARIO}-qa")
    assert stack.answer("prod", f"{SCENARIO}-prod") == [3.0, 6.0]


def test_the_audit_trail_has_every_change_once(stack: Stack, done: dict[str, Any]) -> None:
    trail = stack.events(done["id"])
    assert [event["number"] for event in trail] == list(range(1, len(trail) + 1))
    assert types(trail) == WHOLE_TRAIL
    decided = trail[WHOLE_TRAIL.index("Decided")]
    assert decided["actor"] == f"approver@{SCENARIO}.example"
    assert decided["details"]["comment"] == "I approve it."
    assert done["decisions"][0]["digest"] == done["stages"][1]["ask"]["digest"]


def test_every_change_is_published(stack: Stack, done: dict[str, Any]) -> None:
    stack.owners_mail(SCENARIO)
    published = stack.published(done["id"])
    assert types(published) == [f"ModelGate.Release.{name}" for name in WHOLE_TRAIL]
    assert {event["specversion"] for event in published} == {"1.0"}


def test_the_owner_hears_of_the_end(stack: Stack, done: dict[str, Any]) -> None:
    mail = stack.owners_mail(SCENARIO)
    assert "Succeeded" in mail["text"]
    assert done["stages"][1]["deployment"] in mail["text"]


def test_a_used_link_shows_the_decision_and_takes_no_other(
    stack: Stack, done: dict[str, Any]
) -> None:
    link = stack.link(SCENARIO)
    page = requests.get(link, timeout=30)
    assert page.status_code == 200
    assert "<form" not in page.text
    fields = {"choice": "reject", "comment": "No.", "version": "1"}
    assert requests.post(link, data=fields, timeout=30).status_code == 409
    assert len(stack.release(done["id"])["decisions"]) == 1
