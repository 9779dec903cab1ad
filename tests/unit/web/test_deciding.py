from dataclasses import replace

import pytest

from shared.domain.approval import Verdict, judge
from shared.domain.release import EventType
from shared.web.approvals import decide
from tests.unit.web.interference import Meanwhile, Unreachable, touch
from tests.unit.web.support import (
    ADA,
    DIGEST,
    GRACE,
    look,
    page,
    posting,
    say,
    waiting,
)


@pytest.mark.parametrize(
    ("choice", "comment", "verdict", "words"),
    [
        ("approve", "", Verdict.APPROVED, "goes to prod now"),
        ("approve", "Go.", Verdict.APPROVED, "goes to prod now"),
        ("reject", "R2 fell.", Verdict.REJECTED, "ends here; prod stays as it is"),
    ],
)
def test_a_decision_counts_is_told_and_rings(
    choice: str, comment: str, verdict: Verdict, words: str
) -> None:
    desk = waiting()
    response = say(desk, choice, comment=comment)
    assert response.status == 200
    assert words in page(response)
    [decision] = desk.decisions
    assert (decision.approver, decision.choice, decision.comment) == (ADA, choice, comment)
    assert decision.digest == DIGEST
    ask = desk.release.stages[1].ask
    assert ask is not None
    assert judge(ask, desk.decisions, desk.now).verdict is verdict
    event = desk.events[-1]
    assert (event.type, event.actor, event.stage) == (EventType.DECIDED, ADA, "prod")
    assert event.number == desk.release.last_event
    assert desk.world.orchestrations.rung == [desk.id]


def test_the_decision_is_stored_before_the_engine_hears_and_stays_if_it_does_not() -> None:
    desk = waiting()
    stored: list[int] = []
    engine = Unreachable(on_ring=lambda: stored.append(len(desk.decisions)))
    response = decide(desk.world.services, posting(desk.token(), decision="approve"), engine)
    assert (response.status, stored) == (200, [1])


def test_line_ends_and_control_characters_of_a_comment_are_tidied() -> None:
    desk = waiting()
    say(desk, "approve", comment="  Gut \x00so.\r\nWeiter\x1b 👍🏽\r\n ")
    assert desk.decisions[0].comment == "Gut so.\nWeiter 👍🏽"


def test_a_comment_counts_as_the_browser_counts_it() -> None:
    desk = waiting()
    assert say(desk, "approve", comment="a\r\n" * 999 + "bb").status == 200
    assert len(desk.decisions[0].comment) == 2_000


def test_a_second_word_is_answered_with_the_first() -> None:
    desk = waiting()
    say(desk, "approve", comment="Go on then.")
    before = (desk.stored, desk.events)
    response = say(desk, "reject", comment="No, wait.")
    assert response.status == 409
    assert "Go on then." in page(response)
    assert "No, wait." not in page(response)
    assert (desk.stored, desk.events) == before
    assert desk.world.orchestrations.rung == [desk.id]


def test_who_has_answered_sees_it_again() -> None:
    desk = waiting()
    say(desk, "approve", comment="Go.")
    response = look(desk)
    assert response.status == 200
    assert "You have answered already" in page(response)
    assert "It goes on with this answer in a moment." in page(response)


def test_another_approver_comes_too_late() -> None:
    desk = waiting()
    say(desk, "approve", comment="Go.")
    seen = look(desk, desk.token(GRACE))
    assert seen.status == 200
    assert "This has been decided" in page(seen)
    assert ADA in page(seen)
    said = say(desk, "reject", desk.token(GRACE), comment="No.")
    assert said.status == 409
    assert len(desk.decisions) == 1


def test_of_two_who_decide_at_once_one_counts() -> None:
    desk = waiting()
    desk.world.store.faults = Meanwhile(
        lambda: say(desk, "reject", desk.token(GRACE), comment="No.")
    )
    response = say(desk, "approve")
    assert response.status == 409
    assert [decision.approver for decision in desk.decisions] == [GRACE]


def test_a_double_click_decides_once() -> None:
    desk = waiting()
    desk.world.store.faults = Meanwhile(lambda: say(desk, "approve"))
    assert say(desk, "approve").status == 409
    assert len(desk.decisions) == 1
    assert [event.type for event in desk.events].count(EventType.DECIDED) == 1


@pytest.mark.parametrize(("times", "status", "decisions"), [(3, 200, 1), (100, 503, 0)])
def test_a_decision_meets_other_writers(times: int, status: int, decisions: int) -> None:
    desk = waiting()
    desk.world.store.faults = Meanwhile(lambda: touch(desk), times)
    assert say(desk, "approve").status == status
    assert len(desk.decisions) == decisions


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose Approve or Reject."),
        ({"decision": "maybe"}, "Choose Approve or Reject."),
        ({"decision": "Choice.APPROVE"}, "Choose Approve or Reject."),
        ({"decision": "reject"}, "Say in the comment why"),
        ({"decision": "reject", "comment": " \r\n\x00 "}, "Say in the comment why"),
        ({"decision": "approve", "comment": "x" * 2_001}, "it may have 2,000 at most"),
    ],
)
def test_an_incomplete_answer_gets_the_page_back_with_what_was_written(
    form: dict[str, str], words: str
) -> None:
    desk = waiting()
    request = posting(desk.token(), **form)
    response = decide(desk.world.services, request, desk.world.orchestrations)
    assert response.status == 400
    assert words in page(response)
    assert 'role="alert"' in page(response)
    assert form.get("comment", "").strip("\r\n\x00 ") in page(response)
    assert desk.decisions == []
    assert desk.world.orchestrations.rung == []


def test_a_huge_body_is_refused_before_it_is_looked_at() -> None:
    desk = waiting()
    assert say(desk, "approve", comment="x" * 100_000).status == 413
    assert desk.decisions == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "", "multipart/form-data"]
)
def test_another_content_type_is_refused(content_type: str) -> None:
    desk = waiting()
    request = replace(
        posting(desk.token(), decision="approve"), headers={"content-type": content_type}
    )
    response = decide(desk.world.services, request, desk.world.orchestrations)
    assert response.status == 415
    assert desk.decisions == []
