"""Events of registrations that are not what they seem."""

import pytest

from tests.adversary.registrant import HONEST, Registrant
from tests.e2e.workspaces import eventually

NAMES = ("../victim", "..", "foreign\u202e", "a/b", "foreign\r\nx", "x" * 100_000)


def reason(mallory: Registrant, event_id: str) -> str | None:
    """Why an event was ignored."""
    ignored = mallory.stack.get("/api/ignored?limit=100")["ignored"]
    return next((str(e["reason"]) for e in ignored if e["event_id"] == event_id), None)


def test_an_event_of_another_workspace_starts_nothing(mallory: Registrant) -> None:
    stack = mallory.stack
    workspace = stack.facts["workspaces"]["qa"].rpartition("/")[0] + "/wk-foreign"
    mallory.files("models/foreign/1", HONEST)
    stack.tell("foreign", "7", topic=workspace)
    stack.tell("foreign", "8", topic=stack.facts["workspaces"]["qa"] + "x")
    honest = mallory.release("foreign", "9")
    stack.succeeded(honest)
    assert {each["model"]["version"] for each in stack.releases("foreign")} == {"9"}


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_name_that_no_pipeline_takes_is_ignored_in_a_line(
    mallory: Registrant, number: int
) -> None:
    event_id = mallory.stack.tell(NAMES[number])
    words = eventually(lambda: reason(mallory, event_id), "the reason", 30)
    assert words.isprintable()
    assert len(words) < 2000
