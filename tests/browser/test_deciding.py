"""Deciding by keyboard alone, from a page that is out of date, and against each other."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import Page, expect

from dev.approver import Approver
from tests.browser.conftest import NewPage
from tests.browser.people import Person, meet
from tests.browser.scenarios import person
from tests.e2e.pipelines import approver_of
from tests.e2e.stacks import Stack, types

SCENARIOS = ("d-keyboard", "d-stale", "d-both", "d-opposed")
MANY_TABS = 80


@pytest.fixture(scope="module")
def ids(stack: Stack) -> Mapping[str, str]:
    """The releases' ids by scenario, each on its way to its approvers."""
    for scenario in SCENARIOS:
        stack.register(scenario)
    return {scenario: stack.started(scenario) for scenario in SCENARIOS}


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus."""
    wanted = page.locator(selector)
    for _ in range(MANY_TABS):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by keyboard")


def press_at_once(*people: Person) -> None:
    """Everybody presses the button, and nobody waits for the others' answer."""
    for each in people:
        each.page.get_by_role("button", name="Send my answer").click(no_wait_after=True)
    for each in people:
        expect(each.page.get_by_role("heading", level=1)).not_to_contain_text("for prod?")


def test_a_yes_is_given_by_keyboard_alone(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = Person(stack, new_page(), approver_of("d-keyboard"))
    ada.opens()
    mail = Approver(stack.facts, ada.address)
    tab_to(ada.page, "#choice-approve")
    expect(ada.page.locator("input[name=choice]:checked")).to_have_count(0)
    ada.page.keyboard.press("Space")
    for field, words in (
        ("comment", "Typed."),
        ("version", mail.version(ada.link())),
        ("code", mail.code(ada.link())),
    ):
        tab_to(ada.page, f"#{field}")
        ada.page.keyboard.type(words)
    tab_to(ada.page, "button[type=submit]")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Approved")
    (decision,) = stack.succeeded(ids["d-keyboard"])["decisions"]
    assert (decision["choice"], decision["comment"]) == ("approve", "Typed.")


def test_a_page_from_before_the_answer_decides_nothing_and_the_back_button_shows_a_new_one(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada, stale = meet(stack, new_page, *[approver_of("d-stale")] * 2)
    for each in (ada, stale):
        each.opens()
        each.fills("approve", "First words.")
    assert ada.sends().status == 200
    stale.fills("reject", "Second words.")
    assert stale.sends().status == 409
    assert "First words." in stale.says()
    nonce = stale.page.locator("input[name=nonce]")
    assert nonce.count() == 0
    ada.page.go_back()
    expect(ada.page.get_by_role("heading", name="Change your answer")).to_be_visible()
    assert "First words." in ada.says()
    (decision,) = stack.release(ids["d-stale"])["decisions"]
    assert (decision["choice"], decision["comment"]) == ("approve", "First words.")
    stack.abort(ids["d-stale"])


def test_two_words_at_once_are_both_recorded_where_both_are_needed(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    people = meet(stack, new_page, approver_of("d-both"), person("second", "d-both"))
    for each in people:
        each.opens()
        each.fills("approve", f"{each.address} agrees.")
    press_at_once(*people)
    release = stack.succeeded(ids["d-both"])
    said = {(each["approver"], each["comment"]) for each in release["decisions"]}
    assert said == {(each.address, f"{each.address} agrees.") for each in people}
    assert types(stack.events(release["id"])).count("Decided") == 2


def test_a_yes_and_a_no_at_once_give_the_earlier_ones_outcome(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    people = meet(stack, new_page, approver_of("d-opposed"), person("second", "d-opposed"))
    for each, choice in zip(people, ("approve", "reject"), strict=True):
        each.opens()
        each.fills(choice, f"I {choice}.")
    press_at_once(*people)
    release = stack.ended(ids["d-opposed"])
    earliest = min(release["decisions"], key=lambda each: each["at"])
    outcome = {"approve": "Succeeded", "reject": "Rejected"}[earliest["choice"]]
    assert release["outcome"] == outcome
    assert types(stack.events(release["id"])).count("Ended") == 1
    heard = [each.says() for each in people]
    assert all(f"I {earliest['choice']}." in words for words in heard), heard
