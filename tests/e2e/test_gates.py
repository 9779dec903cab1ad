"""What happens at a gate while people think: a newer version, a change, a link that leaks."""

from typing import Any

import requests

from tests.e2e.pipelines import approver_of
from tests.e2e.stacks import ANN, Stack
from tests.e2e.workspaces import eventually


def test_a_newer_version_takes_the_place_of_one_that_waits(stack: Stack) -> None:
    older = stack.release_of("replaced")
    link = stack.link("replaced")
    newer = stack.release_of("replaced", version="2")
    ended = stack.ended(older)
    assert ended["outcome"] == "Superseded"
    assert ended["superseded_by"] == newer
    page = requests.get(link, timeout=30)
    assert page.status_code == 410
    assert "<form" not in page.text
    told = f"The release of {ended['model']['name']} version 1 has ended: Superseded."
    eventually(lambda: _mail(stack, "replaced", told), "the last state by mail")
    stack.decide("replaced", number=2)
    assert stack.succeeded(newer)["model"]["version"] == "2"


def test_what_changes_after_a_yes_voids_it_and_people_are_told_what(stack: Stack) -> None:
    release_id = stack.release_of("reworded", description="Doubles.")
    stack.link("reworded")
    models = stack.studio.client("qa").models
    model = models.get("reworded", "1")
    model.description = "Doubles, mostly."
    models.create_or_update(model)
    stack.decide("reworded")
    second = stack.link("reworded", 2)
    asked_again = next(m for m in stack.mail(approver_of("reworded")) if second in m["text"])
    for words in ("description", "Doubles.", "Doubles, mostly."):
        assert words in asked_again["text"]
    assert requests.get(stack.link("reworded"), timeout=30).status_code == 410
    stack.decide("reworded", number=2)
    release = stack.succeeded(release_id)
    assert [each["ask"] for each in release["decisions"]] == [1, 2]


def test_a_link_that_leaked_is_revoked_and_another_one_mailed(stack: Stack) -> None:
    release_id = stack.release_of("leaked")
    form = stack.form("leaked")
    body = {"by": ANN, "reason": "The mail was passed on."}
    answer = stack.call("POST", f"/api/releases/{release_id}/revoke", json=body)
    assert answer.status_code in (200, 202), answer.text
    assert form.send().status_code == 409
    assert requests.get(form.link, timeout=30).status_code == 410
    assert stack.link("leaked", 2) != form.link
    stack.decide("leaked", number=2)
    assert len(stack.succeeded(release_id)["decisions"]) == 1


def test_who_registered_the_model_does_not_decide_over_it(stack: Stack) -> None:
    stack.control("azureml", "user", {"name": f"Dr. {approver_of('own-model')} (EXT)"})
    try:
        release_id = stack.release_of("own-model")
        release = eventually(lambda: _short(stack, release_id), "a release that waits")
    finally:
        stack.control("azureml", "user", {"name": "Azure ML emulator"})
    assert release["stages"][1]["shortage"]["left_out"] == [approver_of("own-model")]
    assert "requester_may_approve" in release["waits_for"]
    assert release["outcome"] is None
    assert stack.links("own-model") == []
    stack.call("POST", f"/api/releases/{release_id}/abort", json={"by": ANN})
    assert stack.ended(release_id)["outcome"] == "Aborted"


def _short(stack: Stack, release_id: str) -> dict[str, Any] | None:
    release = stack.release(release_id)
    return release if release["stages"][1]["shortage"] else None


def _mail(stack: Stack, scenario: str, words: str) -> dict[str, Any] | None:
    mails = stack.mail(approver_of(scenario))
    return next((mail for mail in mails if words in mail["text"]), None)
