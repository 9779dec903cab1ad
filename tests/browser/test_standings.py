"""Links behind which nothing can be decided any more, or not now; and the mails that say so."""

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations
from tests.browser.conftest import NewPage
from tests.browser.people import Person
from tests.browser.scenarios import SPOKEN, person
from tests.e2e.pipelines import approver_of
from tests.e2e.stacks import ANN, Stack
from tests.e2e.workspaces import eventually

SCENARIOS = (
    "s-degraded",
    "s-remind",
    "s-superseded",
    "s-reworded",
    "s-revoked",
    "s-aborted",
    SPOKEN,
)


@pytest.fixture(scope="module")
def ids(stack: Stack) -> Mapping[str, str]:
    """The releases' ids by scenario, each once its approver has the mail."""
    for scenario in SCENARIOS:
        stack.register(scenario, description="Doubles.")
    found = {scenario: stack.started(scenario) for scenario in SCENARIOS}
    for scenario in SCENARIOS:
        stack.link(scenario)
    fault = {"method": "POST", "path": "/s-degraded-qa/score$", "status": 500, "times": 20}
    stack.control("azureml", "faults", fault)
    return found


def first(stack: Stack, new_page: NewPage, scenario: str) -> Person:
    return Person(stack, new_page(), approver_of(scenario))


def leads_nowhere(ada: Person, status: int, headline: str, *words: str) -> None:
    """The link says why nothing can be decided behind it, and where the release stands."""
    assert ada.opens().status == status
    expect(ada.page.get_by_role("heading", level=1)).to_have_text(headline)
    expect(ada.page.get_by_role("heading", name="Where the release stands")).to_be_visible()
    assert ada.page.locator("form").count() == 0
    said = ada.says()
    assert [each for each in words if each not in said] == [], said
    assert find_violations(ada.page) == []


def newest_mail(stack: Stack, address: str, words: str) -> dict[str, Any]:
    """The newest mail to somebody whose text has some words, once it is there."""

    def look() -> dict[str, Any] | None:
        found = [mail for mail in stack.mail(address) if words in mail["text"]]
        return found[-1] if found else None

    return eventually(look, f"a mail to {address} that has: {words}")


def reads_well(page: Page, mail: Mapping[str, Any], buttons: int) -> None:
    """A mail needs nothing from anywhere, and has as many links as it should."""
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.set_content(mail["html"], wait_until="load")
    assert find_violations(page) == []
    assert page.locator("img, script, link, iframe").count() == 0
    assert page.locator("a").count() == buttons
    assert loaded == []


def test_a_revoked_link_says_so_and_the_new_mails_decides(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = first(stack, new_page, "s-revoked")
    path = f"/api/releases/{ids['s-revoked']}/revoke"
    answer = stack.call("POST", path, json={"by": ANN, "reason": "The mail was passed on."})
    assert answer.ok, answer.text
    leads_nowhere(ada, 410, "This link was revoked", "It has not ended.")
    reads_well(new_page(), newest_mail(stack, ada.address, ada.link(2)), buttons=1)
    assert ada.decides("approve", number=2).status == 200
    release = stack.succeeded(ids["s-revoked"])
    assert [each["ask"] for each in release["decisions"]] == [1]
    leads_nowhere(ada, 410, "This link was revoked", "It has ended: Succeeded.")


def test_a_link_of_a_version_that_was_replaced_names_the_newer_one(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = first(stack, new_page, "s-superseded")
    newer = stack.release_of("s-superseded", version="2")
    assert stack.ended(ids["s-superseded"])["superseded_by"] == newer
    leads_nowhere(ada, 410, "A newer version takes its place", "version 2", newer, "Superseded")
    last = newest_mail(stack, ada.address, "Superseded")
    reads_well(new_page(), last, buttons=0)
    assert last["headers"]["References"] == stack.mail(ada.address)[0]["headers"]["References"]
    assert ada.decides("approve", number=2).status == 200
    stack.succeeded(newer)


def test_a_link_of_a_question_that_has_changed_says_what_has(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = first(stack, new_page, "s-reworded")
    ada.opens()
    ada.fills("approve")
    models = stack.studio.client("qa").models
    model = models.get("s-reworded", "1")
    model.description = "Doubles, mostly."
    models.create_or_update(model)
    assert ada.sends().status == 200
    again = newest_mail(stack, ada.address, ada.link(2))
    changed = ("description", "Doubles.", "Doubles, mostly.")
    leads_nowhere(ada, 410, "This question is void", *changed)
    assert [each for each in changed if each not in again["text"]] == []
    reads_well(new_page(), again, buttons=1)
    ada.opens(2)
    assert [each for each in changed if each not in ada.says()] == []
    assert find_violations(ada.page) == []
    ada.fills("approve", number=2)
    assert ada.sends().status == 200
    stack.succeeded(ids["s-reworded"])


def test_a_link_of_a_release_that_was_stopped_says_who_did(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = first(stack, new_page, "s-aborted")
    assert stack.abort(ids["s-aborted"]).ok
    stack.ended(ids["s-aborted"])
    leads_nowhere(ada, 410, "The release has ended", "Aborted", ANN)
    reads_well(new_page(), newest_mail(stack, ada.address, "Aborted"), buttons=0)


def test_a_member_whose_group_has_spoken_is_told_who_did(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = first(stack, new_page, SPOKEN)
    rita, carl = (Person(stack, new_page(), person(each, SPOKEN)) for each in ("rita", "carl"))
    assert rita.decides("approve", "For all of risk.").status == 200
    headline = "Somebody has answered in your place"
    leads_nowhere(ada, 200, headline, rita.address, "For all of risk.")
    assert carl.decides("approve").status == 200
    stack.succeeded(ids[SPOKEN])
    leads_nowhere(ada, 200, "This has been decided", carl.address, "Succeeded")


def test_a_reminder_reads_as_well_as_the_first_mail(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    address = approver_of("s-remind")
    reminder = newest_mail(stack, address, "Reminder: ")
    reads_well(new_page(), reminder, buttons=1)
    first_mail = stack.mail(address)[0]
    assert reminder["headers"]["References"] == first_mail["headers"]["References"]
    assert reminder["subject"] == first_mail["subject"]
    for words in ("left", "Your code: ", "Version: 1", "/api/approvals/"):
        assert words in reminder["text"]
    stack.abort(ids["s-remind"])


@pytest.mark.timeout(200)
def test_nobody_is_offered_to_approve_while_qa_does_not_answer(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = first(stack, new_page, "s-degraded")

    def look() -> bool | None:
        return bool(stack.release(ids["s-degraded"])["stages"][1]["ask"]["degraded"]) or None

    eventually(look, "QA to be seen degraded")
    assert ada.opens().status == 200
    expect(ada.page.get_by_role("heading", name="Approving is suspended")).to_be_visible()
    assert ada.page.locator("#choice-approve").count() == 0
    assert find_violations(ada.page) == []
    assert ada.decides("reject", "It does not answer.").status == 200
    assert stack.ended(ids["s-degraded"])["outcome"] == "Rejected"
