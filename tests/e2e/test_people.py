"""What people decide, how they stop a release, and links that are good for nothing."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from dev.approver import PageForm
from tests.e2e.stacks import ANN, Stack, types

SCENARIOS = ("rejected", "links", "links-other", "stopped-waiting", "two-people")


@pytest.fixture(scope="module")
def ids(stack: Stack) -> dict[str, str]:
    """The releases' ids by scenario, each waiting for its approver or on its way there."""
    stack.provisioning(20, "stopped-deploying-qa")
    scenarios = (*SCENARIOS, "stopped-deploying")
    for scenario in scenarios:
        stack.register(scenario)
    return {scenario: stack.started(scenario) for scenario in scenarios}


def press(link: str, **fields: str) -> requests.Response:
    """Send a form to a link as a browser does."""
    return requests.post(link, data=fields, timeout=30)


def digest(link: str) -> str:
    """What the form behind a link says that it is about."""
    return PageForm(requests.get(link, timeout=30).text).fields["digest"]


def test_a_rejection_ends_it_with_its_comment(stack: Stack, ids: dict[str, str]) -> None:
    link = stack.link("rejected")
    without_reason = press(link, decision="reject", comment="", digest=digest(link))
    assert "Say in the comment why" in without_reason.text
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
    link, other = stack.link("links"), stack.link("links-other")
    base, _, token = link.rpartition("/")
    content, moment, signature = token.split(".")
    other_content = other.rpartition("/")[2].split(".")[0]
    broken = [
        token[:-1],
        token[1:],
        f"{content}.{moment}",
        f"{content[:-1]}A.{moment}.{signature}",
        f"{content}.{moment}.{signature[:-2]}AA",
        f"{other_content}.{moment}.{signature}",
        "x",
    ]
    about = digest(link)
    for wrong in broken:
        assert requests.get(f"{base}/{wrong}", timeout=30).status_code == 404
        answer = press(f"{base}/{wrong}", decision="approve", comment="", digest=about)
        assert answer.status_code == 404
    for scenario in ("links", "links-other"):
        assert stack.release(ids[scenario])["decisions"] == []


def test_a_page_about_something_else_decides_nothing(stack: Stack, ids: dict[str, str]) -> None:
    link, other = stack.link("links"), stack.link("links-other")
    for given in (digest(other), "0" * 64, ""):
        answer = press(link, decision="approve", comment="", digest=given)
        assert answer.status_code == 409
    unsure = press(link, decision="perhaps", comment="", digest=digest(link))
    assert "Choose Approve or Reject" in unsure.text
    assert stack.release(ids["links"])["decisions"] == []


def test_the_first_of_many_presses_counts(stack: Stack, ids: dict[str, str]) -> None:
    link = stack.link("links-other")
    about = digest(link)

    def press_once(number: int) -> int:
        said = "approve" if number % 2 else "reject"
        return press(link, decision=said, comment=f"{number}", digest=about).status_code

    with ThreadPoolExecutor(8) as browsers:
        codes = sorted(browsers.map(press_once, range(8)))
    assert codes == [200] + [409] * 7
    release = stack.ended(ids["links-other"])
    assert len(release["decisions"]) == 1
    chosen = release["decisions"][0]["choice"]
    assert release["outcome"] == {"approve": "Succeeded", "reject": "Rejected"}[chosen]
    assert types(stack.events(release["id"])).count("Decided") == 1


def test_the_earlier_of_two_people_settles_it(stack: Stack, ids: dict[str, str]) -> None:
    stack.decide("two-people", "reject")
    release = stack.ended(ids["two-people"])
    assert release["outcome"] == "Rejected"
    (mail,) = stack.mail("second@two-people.example")
    link = re.search(r"http\S+/api/approvals/\S+", mail["text"])
    assert link is not None
    page = requests.get(link.group(), timeout=30)
    assert "<form" not in page.text
    assert "approver@two-people.example" in page.text
    assert press(link.group(), decision="approve", comment="", digest="").status_code == 409


def test_a_release_that_waits_can_be_stopped(stack: Stack, ids: dict[str, str]) -> None:
    link = stack.link("stopped-waiting")
    about = digest(link)
    assert stack.abort(ids["stopped-waiting"]).status_code == 202
    release = stack.ended(ids["stopped-waiting"])
    assert (release["outcome"], release["reason"]) == ("Aborted", f"Stopped by {ANN}.")
    requested = next(e for e in stack.events(release["id"]) if e["type"] == "AbortRequested")
    assert requested["actor"] == ANN
    assert requested["message"] == f"{ANN} asked to stop the release: not today"
    assert requests.get(link, timeout=30).status_code == 410
    assert press(link, decision="approve", comment="", digest=about).status_code == 409
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
