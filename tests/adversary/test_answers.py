"""Deployments that answer what takes memory, time or a parser's composure; a log that does."""

import pytest

from tests.adversary.pipelines import ANSWERS
from tests.adversary.refusals import Refusals
from tests.adversary.registrant import Registrant, mischief
from tests.e2e.workspaces import eventually

LOOKS = 3
"""A probe asks that often at most; nothing is asked for half an hour."""


@pytest.fixture(scope="module")
def ids(mallory: Registrant) -> dict[str, str]:
    """The releases, all of them begun."""
    kinds = [(f"answer-{kind}", kind) for kind in ANSWERS] + [("log", "log"), ("wide", "wide")]
    return {name: mallory.release(name, files=mischief(kind)) for name, kind in kinds}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_is_none_ends_the_release_as_the_models_fault(
    refusals: Refusals, ids: dict[str, str], kind: str
) -> None:
    release = refusals.ended(ids[f"answer-{kind}"], "Failed", *ANSWERS[kind])
    stage = release["stages"][0]
    assert stage["endpoint"] in release["reason"]
    assert refusals.tries(release["id"], refusals.code(release["id"])) <= LOOKS
    assert refusals.stack.traffic("qa", stage["endpoint"]) == {}


def test_a_log_that_is_hard_to_look_through_is_looked_through(
    refusals: Refusals, ids: dict[str, str]
) -> None:
    release = refusals.stack.ended(ids["log"])
    assert release["outcome"] == "Failed"
    notice = next(e for e in refusals.stack.events(release["id"]) if e["type"] == "Notice")
    assert "the model does not load" in notice["details"]["log"]


def test_a_wide_answer_is_one_that_people_can_be_asked_about(
    refusals: Refusals, ids: dict[str, str]
) -> None:
    """Half a megabyte of valid JSON, which the shape allows."""
    stack = refusals.stack
    stack.decide("wide")
    eventually(lambda: stack.release(ids["wide"])["decisions"] or None, "the decision")
    release = stack.ended(ids["wide"])
    assert release["outcome"] == "Succeeded", release["reason"]
