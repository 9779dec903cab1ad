"""A second version beside the one that serves: all that its approvers are shown, and pictures."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.axe import find_violations
from tests.browser.conftest import NewPage, Shoot
from tests.browser.looks import DESK, PHONE_AT_NIGHT
from tests.browser.people import Person, meet
from tests.browser.scenarios import person
from tests.e2e.pipelines import approver_of
from tests.e2e.stacks import Stack

SCENARIO = "b-shown"
DESCRIPTION = "Risk of progression within a year, from ten measurements at the first visit."


def release_of(stack: Stack, version: str, factor: float, r2: str) -> str:
    return stack.release_of(
        SCENARIO,
        version=version,
        factor=factor,
        description=DESCRIPTION,
        tags={"team": "risk", "dataset": f"visits-2026-{version}"},
        properties={"r2": r2, "mean_absolute_error": "41.2"},
    )


@pytest.fixture(scope="module")
def waiting(stack: Stack, browser: Any) -> dict[str, Any]:  # noqa: ANN401 (Playwright's)
    """Version 3, while version 1 serves and version 2 was rejected."""
    people = [approver_of(SCENARIO), person("rita", SCENARIO)]

    def new_page() -> Page:
        page: Page = browser.new_page()
        return page

    one = release_of(stack, "1", 2.0, "0.61")
    for each in meet(stack, new_page, *people):
        assert each.decides("approve", "First one.").status == 200
    stack.succeeded(one)
    two = release_of(stack, "2", 9.0, "0.40")
    rita = meet(stack, new_page, people[1])[0]
    assert rita.decides("reject", "Nine times too high for young patients.", 2).status == 200
    stack.ended(two)
    three = release_of(stack, "3", 2.5, "0.68")
    meet(stack, new_page, people[0])[0].link(3)
    return stack.release(three)


def test_the_page_shows_what_is_approved_beside_what_serves(
    stack: Stack, new_page: NewPage, waiting: dict[str, Any], shoot: Shoot
) -> None:
    ada = Person(stack, new_page(), approver_of(SCENARIO))
    assert ada.opens(3).status == 200
    shoot(ada.page, "decision-page", DESK, top=True)
    shoot(ada.page, "decision-page-dark-phone", PHONE_AT_NIGHT)
    assert find_violations(ada.page) == []
    ada.page.evaluate("() => document.querySelectorAll('details').forEach(d => d.open = true)")
    assert find_violations(ada.page) == []
    said = ada.says()
    for words in (
        DESCRIPTION,
        "Compare the answers of both versions",
        "Nine times too high for young patients.",
        "0.61",
        "0.68",
        "visits-2026-3",
        waiting["stages"][0]["endpoint"],
        waiting["stages"][0]["deployment"],
        f"{SCENARIO}-prod",
    ):
        assert words in said, words
    assert said.count("Nine times too high") == 1  # the reason has the comment in it already
    (comparison,) = waiting["evidence"][0]["comparisons"]
    assert comparison["candidate"]["body"] == {"result": [2.5, 5.0]}
    assert comparison["current"]["body"] == {"result": [2.0, 4.0]}
    assert [each["version"] for each in waiting["evidence"][0]["skipped"]] == ["2"]


def test_the_mail_reads_well_without_images(
    stack: Stack, new_page: NewPage, waiting: dict[str, Any], shoot: Shoot
) -> None:
    mail = next(
        each
        for each in stack.mail(approver_of(SCENARIO))
        if f"{waiting['model']['name']} version 3" in each["subject"]
    )
    page = new_page()
    page.set_content(mail["html"])
    shoot(page, "mail", DESK, top=True)
    assert find_violations(page) == []
    assert page.locator("img, script, link, iframe").count() == 0
    assert page.locator("a").count() == 1
    assert "Your code: " in mail["text"]
    assert "Version: 3" in mail["text"]
    for part in (mail["text"], mail["html"]):
        assert part.count("Nine times too high") == 1


def test_a_page_whose_time_is_over_says_where_the_release_stands(
    stack: Stack, new_page: NewPage, waiting: dict[str, Any], shoot: Shoot
) -> None:
    assert waiting["id"]
    ada = Person(stack, new_page(), approver_of(SCENARIO))
    assert ada.opens(2).status in (200, 410)
    assert ada.page.locator("form").count() == 0
    assert "Nine times too high" in ada.says()
    assert find_violations(ada.page) == []
    shoot(ada.page, "standing", DESK)
