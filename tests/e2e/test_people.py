"""What people decide, how they stop a release, and links that are good for nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.e2e.stacks import ANN, Stack, types
from tests.e2e.workspaces import eventually

SCENARIOS = ("rejected", "links", "links-other", "stopped-waiting", "two-people")


@pytest.fixture(scope="module")
def ids(stack: Stack) -> dict[str, str]:
    """The releases' ids by scenario, each waiting for its approver or on its way there."""
    stack.provisioning(20, "stopped-deploying-qa")
    scenarios = (*SCENARIOS, "stopped-deploying")
    for scenario in scenarios:
        stack.register(scenario)
    return {scenario: stack.started(scenario) for scenario in scenarios}


def test_a_rejection_ends_it_with_its_comment(stack: Stack, ids: dict[str, str]) -> None:
    form = stack.form("rejected", "reject")
    without_reason = form.send(comment="")
    assert without_reason.status_code == 400
    assert "why" in without_reason.text
    stack.decide("rejected", "reject")
    release = stack.ended(ids["rejected"])
    assert release["outcome"] == "Rejected"
    assert release["reason"] == "Rejected by approver@rejected.example: I reject it."
    assert [stage["state"] for stage in release["stages"]] == ["Succeeded", "Stopped"]
    assert stack.answer("qa", "rejected-qa") == [2.0, 4.0]
    assert not list(stack.studio.client("prod").models.list("rejected-production"))
    assert "I reject it." in stack.owners_mail("rejected")["text"]


def test_links_that_were_cut_altered_or_mixed_lead_nowhere(
    stack: Stack, ids: dict[str, str]
) -> None:
    form, other = stack.form("links"), stack.form("links-other")
    base, _, token = form.link.rpartition("/")
    content, moment, signature = token.rsplit(".", 2)
    other_content = other.link.rpartition("/")[2].rsplit(".", 2)[0]
    broken = [
        token[:-1],
        token[1:],
        f"{content}.{moment}",
        f"{content[:-1]}{'1' if content[-1] == '0' else '0'}.{moment}.{signature}",
        f"{content}.{moment}.{signature[:-2]}AA",
        f"{other_content}.{moment}.{signature}",
        "x",
    ]
    pages = set()
    for wrong in broken:
        page = requests.get(f"{base}/{wrong}", timeout=30)
        assert page.status_code == 404
        pages.add(page.text)
        assert form.send(link=f"{base}/{wrong}").status_code == 404
    assert len(pages) == 1, "nobody is told what is wrong with a link"
    for scenario in ("links", "links-other"):
        assert stack.release(ids[scenario])["decisions"] == []


def test_what_a_log_shows_is_not_enough_to_decide(stack: Stack, ids: dict[str, str]) -> None:
    form, other = stack.form("links"), stack.form("links-other")
    for wrong in (
        {"code": ""},
        {"code": other.fields["code"]},
        {"version": ""},
        {"version": "2"},
        {"choice": ""},
        {"choice": "perhaps"},
    ):
        assert form.send(**wrong).status_code == 400
    for nonce in ("", "x", other.fields["nonce"]):
        assert form.send(nonce=nonce).status_code in (400, 409)
    assert stack.release(ids["links"])["decisions"] == []


def test_the_first_of_many_presses_counts(stack: Stack, ids: dict[str, str]) -> None:
    form = stack.form("links-other")

    def press_once(number: int) -> int:
        said = "approve" if number % 2 else "reject"
        answer = form.send(choice=said, comment=f"{number}")
        return int(answer.status_code)

    with ThreadPoolExecutor(8) as browsers:
        codes = sorted(browsers.map(press_once, range(8)))
    assert codes == [200] + [409] * 7
    release = stack.ended(ids["links-other"])
    assert len(release["decisions"]) == 1
    chosen = release["decisions"][0]["choice"]
    assert release["outcome"] == {"approve": "Succeeded", "reject": "Rejected"}[chosen]
    assert types(stack.events(release["id"])).count("Decided") == 1


def test_the_earlier_of_two_people_settles_it(stack: Stack, ids: dict[str, str]) -> None:
    stack.link("two-people")
    second = stack.form("two-people", person="second@two-people.example")
    stack.decide("two-people", "reject")
    release = stack.ended(ids["two-people"])
    assert release["outcome"] == "Rejected"
    page = requests.get(second.link, timeout=30)
    assert "<form" not in page.text
    assert "approver@two-people.example" in page.text
    assert second.send().status_code == 409
    last = eventually(lambda: stack.mail("second@two-people.example")[1:] or None, "the last mail")
    assert "I reject it." in last[0]["text"]


def test_a_release_that_waits_can_be_stopped(stack: Stack, ids: dict[str, str]) -> None:
    form = stack.form("stopped-waiting")
    assert stack.abort(ids["stopped-waiting"]).status_code == 202
    release = stack.ended(ids["stopped-waiting"])
    assert (release["outcome"], release["reason"]) == ("Aborted", f"Stopped by {ANN}: not today")
    requested = next(e for e in stack.events(release["id"]) if e["type"] == "AbortRequested")
    assert requested["actor"] == ANN
    assert requested["message"] == f"{ANN} asked to stop the release: not today"
    assert requests.get(form.link, timeout=30).status_code == 410
    assert form.send().status_code == 409
    assert stack.release(release["id"])["outcome"] == "Aborted"


def test_a_release_that_deploys_can_be_stopped_and_leaves_nothing(
    stack: Stack, ids: dict[str, str]
) -> None:
    release_id = ids["stopped-deploying"]
    stack.waiting_for("deployment", release_id)
    assert stack.abort(release_id).status_code == 202
    stack.provisioning(1, "stopped-deploying-qa")
    release = stack.ended(release_id)
    assert release["outcome"] == "Aborted"
    assert release["stages"][0]["state"] == "Stopped"
    stack.gone("qa", "stopped-deploying-qa", release["stages"][0]["deployment"])
    assert stack.traffic("qa", "stopped-deploying-qa") == {}


def test_a_release_that_is_over_cannot_be_stopped(stack: Stack, ids: dict[str, str]) -> None:
    stack.ended(ids["rejected"])
    answer = stack.abort(ids["rejected"])
    assert answer.status_code == 409
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["detail"] == "It ended as Rejected."
    assert stack.release(ids["rejected"])["outcome"] == "Rejected"
