"""What people answer, and what becomes of it."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.approval import Verdict, judge
from shared.domain.decision import Choice
from shared.domain.release import EventType
from shared.web.approvals import decide
from tests.unit.web.browsing import (
    filled,
    look,
    nonce_on,
    page,
    posting,
    say,
    send,
    words,
)
from tests.unit.web.interference import Meanwhile, Unreachable, touch
from tests.unit.web.samples import BERLIN, MAX, QUORUM, SEQUENCE
from tests.unit.web.support import (
    ADA,
    DIGEST,
    GRACE,
    LIN,
    Desk,
    waiting,
)


def verdict(desk: Desk) -> Verdict:
    return judge(desk.asked, desk.decisions, desk.now).verdict


@pytest.mark.parametrize(
    ("choice", "comment", "verdict_", "said"),
    [
        ("approve", "", Verdict.APPROVED, "goes to prod now"),
        ("approve", "Go.", Verdict.APPROVED, "goes to prod now"),
        ("reject", "R2 fell.", Verdict.REJECTED, "ends here; prod stays as it is"),
    ],
)
def test_a_decision_counts_is_told_and_rings(
    choice: str, comment: str, verdict_: Verdict, said: str
) -> None:
    desk = waiting()
    response = say(desk, choice, comment=comment)
    assert response.status == 200
    assert said in words(response)
    [decision] = desk.decisions
    assert (decision.approver, decision.choice, decision.comment) == (ADA, choice, comment)
    assert (decision.digest, decision.revision, decision.signed_in) == (DIGEST, 1, False)
    assert verdict(desk) is verdict_
    event = desk.events[-1]
    assert (event.type, event.actor, event.stage) == (EventType.DECIDED, ADA, "prod")
    assert event.number == desk.release.last_event
    assert desk.world.orchestrations.rung == [desk.id]


@pytest.mark.parametrize(
    ("choice", "form", "said"),
    [
        ("approve", {"comment": "Go."}, f"{ADA} approved prod: Go."),
        ("reject", {"comment": "R2 fell."}, f"{ADA} rejected prod: R2 fell."),
        (
            "defer",
            {"effective_at": "2026-11-02T12:00"},
            f"{ADA} approved prod from 2 Nov 2026, 11:00 UTC on",
        ),
        ("reassign", {"to": MAX}, f"{ADA} handed their voice over prod to {MAX}"),
    ],
)
def test_the_trail_says_what_was_said(choice: str, form: dict[str, str], said: str) -> None:
    desk = waiting(BERLIN)
    assert say(desk, choice, **form).status == 200
    assert desk.events[-1].message == said
    assert desk.events[-1].details["voice"] == ADA
    assert desk.events[-1].details["revision"] == 1


def test_the_decision_is_stored_before_the_engine_hears_and_stays_if_it_does_not() -> None:
    desk = waiting()
    stored: list[int] = []
    engine = Unreachable(on_ring=lambda: stored.append(len(desk.decisions)))
    request = posting(desk.token(), filled(desk, "approve"))
    response = decide(desk.world.services, request, engine)
    assert (response.status, stored) == (200, [1])


def test_line_ends_and_control_characters_of_a_comment_are_tidied() -> None:
    desk = waiting()
    say(desk, "approve", comment="  Gut \x00so.\r\nWeiter\x1b 👍🏽\r\n ")
    assert desk.decisions[0].comment == "Gut so.\nWeiter 👍🏽"


def test_a_comment_counts_as_the_browser_counts_it() -> None:
    desk = waiting()
    assert say(desk, "approve", comment="a\r\n" * 999 + "bb").status == 200
    assert len(desk.decisions[0].comment) == 2_000


def test_version_and_code_may_have_space_around_and_codes_are_read_as_people_write_them() -> None:
    desk = waiting()
    code = desk.code().replace("-", " ").lower()
    assert say(desk, "approve", version=" 31 ", code=f" {code} ").status == 200


def test_a_deferred_approval_takes_effect_when_it_says() -> None:
    desk = waiting(BERLIN)
    response = say(desk, "defer", effective_at="2026-11-02T16:30")
    assert response.status == 200
    assert "Your answer takes effect on 2 Nov 2026, 16:30 Europe/Berlin" in words(response)
    [decision] = desk.decisions
    assert decision.effective_at == datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
    assert verdict(desk) is Verdict.WAIT
    desk.world.clock.advance(hours=7)
    assert verdict(desk) is Verdict.APPROVED


def test_what_is_decided_out_of_hours_says_when_it_takes_effect_and_why() -> None:
    desk = waiting(BERLIN)
    response = say(desk, "defer", effective_at="2026-11-03T18:30")
    text = words(response)
    assert "takes effect on 4 Nov 2026, 09:00 Europe/Berlin" in text
    assert "Decisions take effect Monday to Friday, 09:00 to 17:00 (Europe/Berlin)." in text
    assert "end of the quarter" in text
    assert desk.decisions[0].effective_at == datetime(2026, 11, 3, 17, 30, tzinfo=UTC)


def test_a_voice_is_handed_on() -> None:
    desk = waiting(BERLIN)
    response = say(desk, "reassign", to=MAX, comment="On holiday.")
    assert f"{MAX} has your voice from now on" in words(response)
    assert desk.decisions[0].to == MAX
    assert "You have handed this over" in words(look(desk))
    assert say(desk, "approve", MAX).status == 200
    assert verdict(desk) is Verdict.APPROVED


def test_who_else_has_to_answer_is_told() -> None:
    desk = waiting(QUORUM)
    text = words(say(desk, "approve"))
    assert "1 of 2 approvals so far." in text
    assert "Still to answer" in text
    for person in (GRACE, LIN, "bob@example.com"):
        assert person in text
    assert "open the page again" in text
    assert verdict(desk) is Verdict.WAIT
    assert "goes to prod now" in words(say(desk, "approve", LIN))
    assert verdict(desk) is Verdict.APPROVED


def test_a_quorum_bears_one_rejection() -> None:
    desk = waiting(QUORUM)
    say(desk, "reject", comment="No.")
    assert verdict(desk) is Verdict.WAIT
    say(desk, "approve", GRACE)
    say(desk, "approve", "bob@example.com")
    assert verdict(desk) is Verdict.APPROVED


def test_people_are_heard_one_after_another() -> None:
    desk = waiting(SEQUENCE)
    early = look(desk, GRACE)
    assert "It is not your turn" in words(early)
    assert send(desk, filled(desk, "approve", GRACE), GRACE).status == 409
    say(desk, "approve")
    assert say(desk, "approve", GRACE).status == 200
    assert [each.approver for each in desk.decisions] == [ADA, GRACE]


def test_a_mind_is_changed_while_it_is_open() -> None:
    desk = waiting(QUORUM)
    say(desk, "approve", comment="Go.")
    again = look(desk)
    assert "You have answered" in words(again)
    assert "Change your answer" in words(again)
    response = say(desk, "reject", comment="No, wait.")
    assert response.status == 200
    assert [(each.choice, each.revision) for each in desk.decisions] == [
        (Choice.APPROVE, 1),
        (Choice.REJECT, 2),
    ]
    assert desk.events[-1].message == (
        f"{ADA} rejected prod (changed their mind: approved before): No, wait."
    )
    assert judge(desk.asked, desk.decisions, desk.now).approvals == 0
    assert "They changed their mind: this is answer 2." in words(response)


def test_decisions_are_later_than_all_before_though_the_clock_stands_still_or_goes_back() -> None:
    desk = waiting(QUORUM)
    say(desk, "approve")
    desk.world.clock.advance(seconds=-5)
    say(desk, "approve", GRACE)
    first, second = desk.decisions
    assert second.at - first.at == timedelta(microseconds=1)


def test_two_in_the_same_second_are_both_recorded_in_order() -> None:
    desk = waiting(QUORUM)
    desk.world.store.faults = Meanwhile(lambda: say(desk, "reject", GRACE, comment="No."))
    assert say(desk, "approve").status == 200
    assert [each.approver for each in desk.decisions] == [GRACE, ADA]
    assert desk.decisions[0].at < desk.decisions[1].at


def test_of_two_in_the_same_second_the_later_is_told_that_it_is_settled() -> None:
    desk = waiting()
    desk.world.store.faults = Meanwhile(lambda: say(desk, "reject", GRACE, comment="No."))
    response = say(desk, "approve")
    assert response.status == 409
    assert "This has been decided" in words(response)
    assert f"{GRACE} rejected it" in words(response)
    assert [decision.approver for decision in desk.decisions] == [GRACE]


def test_a_double_click_decides_once() -> None:
    desk = waiting()
    form = filled(desk, "approve")
    desk.world.store.faults = Meanwhile(lambda: send(desk, form))
    assert send(desk, form).status == 409
    assert len(desk.decisions) == 1
    assert [event.type for event in desk.events].count(EventType.DECIDED) == 1


def test_a_second_answer_of_the_same_page_is_answered_with_the_first_ones_words() -> None:
    desk = waiting(QUORUM)
    form = filled(desk, "approve", comment="Go on then.")
    send(desk, form)
    before = (desk.stored, desk.events)
    for second in (form, form | {"choice": "reject", "comment": "No, wait."}):
        response = send(desk, second)
        assert response.status == 409
        assert "You have answered already" in words(response)
        assert "Go on then." in words(response)
        assert "No, wait." not in words(response)
        assert f'<a href="/api/approvals/{desk.token()}">' in page(response)
    assert (desk.stored, desk.events) == before
    assert desk.world.orchestrations.rung == [desk.id]


def test_going_back_after_deciding_shows_what_was_decided() -> None:
    desk = waiting()
    form = filled(desk, "approve", comment="Go.")
    send(desk, form)
    response = send(desk, form | {"choice": "reject", "comment": "Oh."})
    assert response.status == 409
    assert "You have answered already" in words(response)
    assert "Go." in words(response)
    assert len(desk.decisions) == 1


@pytest.mark.parametrize(("times", "status", "decisions"), [(3, 200, 1), (100, 503, 0)])
def test_a_decision_meets_other_writers(times: int, status: int, decisions: int) -> None:
    desk = waiting()
    desk.world.store.faults = Meanwhile(lambda: touch(desk), times)
    assert say(desk, "approve").status == status
    assert len(desk.decisions) == decisions


def test_a_stand_in_answers_for_whom_they_stand_in() -> None:
    desk = waiting(BERLIN)
    shown = words(look(desk, MAX))
    assert f"You answer as {MAX} , for {ADA} ." in shown
    say(desk, "approve", MAX)
    assert desk.events[-1].details["voice"] == ADA
    assert "You have answered already" in words(look(desk, MAX))


def test_the_page_of_another_person_link_or_release_does_not_decide() -> None:
    desk = waiting(QUORUM)
    other = nonce_on(look(desk, GRACE))
    assert send(desk, filled(desk, "approve", nonce=other)).status == 400
    mine = filled(desk, "approve")
    assert send(desk, mine, token=desk.token(GRACE)).status == 400
    assert desk.decisions == []
