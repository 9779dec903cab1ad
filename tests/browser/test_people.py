"""What approvers do with the decision page, in a real browser, from the mail to the end."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.axe import find_violations
from tests.browser.conftest import NewPage
from tests.browser.people import Person, meet
from tests.browser.scenarios import GROUP, person
from tests.e2e.pipelines import approver_of
from tests.e2e.stacks import Stack, types
from tests.e2e.workspaces import eventually

SCENARIOS = (
    "b-expire",
    "b-later",
    "b-remind",
    "b-approve",
    "b-reject",
    GROUP,
    "b-order",
    "b-quorum",
    "b-mind",
    "b-twice",
    "b-race-one",
    "b-race-two",
    "b-signed-in",
)


@pytest.fixture(scope="module")
def ids(stack: Stack) -> Mapping[str, str]:
    """The releases' ids by scenario, each on its way to its approvers."""
    for scenario in SCENARIOS:
        stack.register(scenario)
    return {scenario: stack.started(scenario) for scenario in SCENARIOS}


def first(stack: Stack, new_page: NewPage, scenario: str) -> Person:
    return Person(stack, new_page(), approver_of(scenario))


def test_an_approval_that_takes_effect_later_does_not_before(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = first(stack, new_page, "b-later")
    ada.opens()
    ada.fills("defer")
    at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if at - datetime.now(UTC) < timedelta(seconds=5):
        at += timedelta(minutes=1)
    ada.page.get_by_label("Takes effect from").fill(f"{at:%Y-%m-%dT%H:%M}")
    assert ada.sends().status == 200
    assert find_violations(ada.page) == []

    def waits() -> str | None:
        words = str(stack.release(ids["b-later"])["waits_for"])
        return words if "takes effect" in words else None

    eventually(waits, "the release to say what it waits for")
    release = stack.succeeded(ids["b-later"])
    started = [e["at"] for e in stack.events(release["id"]) if e["type"] == "StageStarted"]
    assert datetime.fromisoformat(started[-1]) >= at


def test_a_yes_is_given_without_scripts_and_the_page_shows_where_it_leads(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = Person(stack, new_page(java_script_enabled=False), approver_of("b-approve"))
    assert ada.opens().status == 200
    assert ada.page.locator("script").count() == 0
    ada.fills("approve", "Looks good.")
    assert ada.sends().status == 200
    assert stack.succeeded(ids["b-approve"])["decisions"][0]["comment"] == "Looks good."
    assert ada.opens().status == 200
    assert ada.page.locator("form").count() == 0
    assert len(stack.release(ids["b-approve"])["decisions"]) == 1


def test_a_rejection_needs_words_and_keeps_what_was_typed(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = first(stack, new_page, "b-reject")
    assert ada.decides("reject").status == 400
    expect(ada.page.get_by_role("alert")).to_be_visible()
    assert find_violations(ada.page) == []
    expect(ada.page.locator("#choice-reject")).to_be_checked()
    expect(ada.page.get_by_label("Model version")).to_have_value("1")
    ada.page.get_by_label("Comment").fill("Too many false alarms.")
    assert ada.sends().status == 200
    release = stack.ended(ids["b-reject"])
    assert release["outcome"] == "Rejected"
    assert "Too many false alarms." in release["reason"]


def test_a_sequence_asks_the_second_once_the_first_has_said_yes(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada, bob = meet(stack, new_page, approver_of("b-order"), person("second", "b-order"))
    ada.opens()
    assert stack.mail(bob.address) == []
    ada.fills("approve")
    assert ada.sends().status == 200
    assert bob.decides("approve").status == 200
    release = stack.succeeded(ids["b-order"])
    assert [each["approver"] for each in release["decisions"]] == [ada.address, bob.address]


def test_a_voice_is_handed_on_and_its_former_holder_is_silent(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    rita = person("rita", GROUP)
    ada, other, carl = meet(stack, new_page, approver_of(GROUP), rita, person("carl", GROUP))
    ada.opens()
    ada.fills("reassign")
    ada.page.get_by_label("Who answers in your place").select_option(rita)
    assert ada.sends().status == 200
    assert ada.opens().status == 200
    assert ada.page.locator("form").count() == 0
    assert "hand" in ada.says()
    assert find_violations(ada.page) == []
    assert other.decides("approve", number=2).status == 200
    assert carl.decides("approve").status == 200
    choices = [each["choice"] for each in stack.succeeded(ids[GROUP])["decisions"]]
    assert choices == ["reassign", "approve", "approve"]


def test_two_of_three_are_enough_though_one_says_no(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    people = meet(
        stack,
        new_page,
        approver_of("b-quorum"),
        person("second", "b-quorum"),
        person("third", "b-quorum"),
    )
    for each, choice in zip(people, ("approve", "reject", "approve"), strict=True):
        assert each.decides(choice, "My view.").status == 200
    assert stack.succeeded(ids["b-quorum"])["outcome"] == "Succeeded"


def test_a_mind_is_changed_until_the_quorum_is_reached_and_that_is_recorded(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada, bob = meet(stack, new_page, approver_of("b-mind"), person("second", "b-mind"))
    assert ada.decides("approve", "Fine.").status == 200
    assert ada.opens().status == 200
    assert "Fine." in ada.says()
    assert find_violations(ada.page) == []
    ada.fills("reject", "I looked again.")
    assert ada.sends().status == 200
    release = stack.ended(ids["b-mind"])
    assert release["outcome"] == "Rejected"
    assert [each["revision"] for each in release["decisions"]] == [1, 2]
    decided = [e["message"] for e in stack.events(release["id"]) if e["type"] == "Decided"]
    assert "changed their mind" in decided[1]
    assert bob.opens().status == 200
    assert "I looked again." in bob.says()


def test_a_second_press_decides_nothing_and_is_told_the_first_ones_words(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    ada = first(stack, new_page, "b-twice")
    ada.opens()
    ada.fills("approve", "First words.")
    fields = ada.page.evaluate("() => Object.fromEntries(new FormData(document.forms[0]))")
    ada.page.get_by_role("button", name="Send my answer").dblclick(no_wait_after=True)
    expect(ada.page.get_by_role("heading", level=1)).not_to_contain_text("for prod?")
    again = ada.page.request.post(ada.link(), form={**fields, "comment": "Second words."})
    assert again.status == 409
    assert "First words." in again.text()
    decisions = stack.release(ids["b-twice"])["decisions"]
    assert [each["comment"] for each in decisions] == ["First words."]


@pytest.mark.parametrize("scenario", ["b-race-one", "b-race-two"])
def test_two_people_in_the_same_second_give_one_outcome(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str], scenario: str
) -> None:
    ada, bob = meet(stack, new_page, approver_of(scenario), person("second", scenario))
    for each in (ada, bob):
        each.opens()
        each.fills("approve", f"{each.address} agrees.")
    for each in (ada, bob):
        each.page.get_by_role("button", name="Send my answer").click(no_wait_after=True)
    release = stack.succeeded(ids[scenario])
    needed = 1 if scenario == "b-race-one" else 2
    assert len(release["decisions"]) == needed
    headlines = sorted(each.page.locator("h1").inner_text() for each in (ada, bob))
    told = {"b-race-one": 1, "b-race-two": 2}[scenario]
    assert sum(headline.startswith("Approved") for headline in headlines) == told, headlines
    assert types(stack.events(release["id"])).count("Ended") == 1


def test_a_reminder_says_how_long_is_left_in_the_same_thread(
    stack: Stack, ids: Mapping[str, str]
) -> None:
    mails = eventually(
        lambda: found if len(found := stack.mail(approver_of("b-remind"))) > 1 else None,
        "a reminder",
    )
    assert mails[1]["text"].startswith("Reminder: ")
    assert not mails[0]["text"].startswith("Reminder: ")
    assert mails[0]["headers"]["References"] == mails[1]["headers"]["References"]
    stack.abort(ids["b-remind"])


def test_where_sign_in_is_asked_for_only_the_approver_decides(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    mallory, ada = meet(stack, new_page, *[approver_of("b-signed-in")] * 2)
    for visitor, name in ((mallory, "mallory@b.example"), (ada, ada.address)):
        visitor.opens()
        assert visitor.page.locator("form.decide").count() == 0
        assert find_violations(visitor.page) == []
        visitor.page.get_by_role("link", name="Sign in").click()
        visitor.page.get_by_label("Mail address").fill(name)
        visitor.page.get_by_role("button", name="Sign in").click()
        visitor.page.wait_for_url("**/api/approvals/**")
    assert mallory.page.locator("form.decide").count() == 0
    assert "mallory@b.example" in mallory.says()
    ada.fills("approve")
    assert ada.sends().status == 200
    (decision,) = stack.succeeded(ids["b-signed-in"])["decisions"]
    assert decision["signed_in"] is True


def test_who_comes_too_late_is_told_so(
    stack: Stack, new_page: NewPage, ids: Mapping[str, str]
) -> None:
    release = stack.ended(ids["b-expire"])
    assert release["outcome"] == "Expired"
    ada = first(stack, new_page, "b-expire")
    assert ada.opens().status == 410
    assert ada.page.locator("form").count() == 0
    assert find_violations(ada.page) == []
    last = eventually(lambda: stack.mail(ada.address)[1:] or None, "a mail about the end")
    assert "Expired" in last[-1]["text"]
