"""Who may speak for which voice, when, and to whom they may hand it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.approval import Verdict, is_possible, judge, successors
from shared.domain.ask import Purpose
from shared.domain.policy import ApprovalPolicy, Freeze, Order, Rejection
from shared.domain.voices import Floor, Speaker
from tests.unit.domain.approving import (
    ADA,
    AT,
    BOB,
    BOSS,
    CHIEF,
    CLEO,
    GIL,
    MICROSECOND,
    above,
    asked,
    handed,
    hour,
    later,
    no,
    policy,
    standing_in,
    wanted,
    yes,
)


def in_turn(*members: str | tuple[str, ...]) -> ApprovalPolicy:
    return replace(policy(*members), order=Order.SEQUENCE)


class TestTurns:
    def test_all_are_asked_at_once(self) -> None:
        assert wanted(asked(policy(ADA, (BOB, CLEO))), [], 0) == [ADA, BOB, CLEO]

    def test_in_a_sequence_the_second_is_asked_when_the_first_has_answered(self) -> None:
        ask = asked(in_turn(ADA, BOB))
        assert wanted(ask, [], 1) == [ADA]
        judged = judge(ask, [yes(ADA, 1)], hour(2))
        assert judged.speakers == (Speaker(BOB, BOB, hour(1), Purpose.REQUEST),)

    def test_an_answer_out_of_turn_is_not_heard(self) -> None:
        ask = asked(in_turn(ADA, BOB))
        assert judge(ask, [yes(BOB, 1)], hour(2)).answers == ()
        assert wanted(ask, [yes(BOB, 1), yes(ADA, 2)], 3) == [BOB]

    def test_the_second_is_asked_once_the_first_answer_is_in_effect(self) -> None:
        frozen = replace(in_turn(ADA, BOB), freezes=(Freeze(hour(0), hour(4)),))
        for ask, first in (
            (asked(in_turn(ADA, BOB)), later(ADA, 1, effect=4)),
            (asked(frozen), yes(ADA, 1)),
        ):
            assert judge(ask, [first], hour(4) - MICROSECOND).speakers == ()
            assert judge(ask, [first], hour(4)).speakers[0].since == hour(4)
            assert judge(ask, [first], hour(1)).wakes_at == hour(4)

    def test_the_second_waits_again_when_the_first_puts_it_off(self) -> None:
        ask = asked(in_turn(ADA, BOB))
        put_off = [yes(ADA, 1), later(ADA, 2, effect=6, revision=2)]
        assert wanted(ask, put_off, 3) == []
        assert judge(ask, [*put_off, yes(BOB, 3)], hour(5)).answers == (put_off[1],)
        assert wanted(ask, put_off, 6) == [BOB]

    def test_the_second_keeps_their_answer_when_the_first_puts_it_off(self) -> None:
        ask = asked(in_turn(ADA, BOB, CLEO))
        decisions = [yes(ADA, 1), yes(BOB, 2), later(ADA, 3, effect=6, revision=2)]
        assert wanted(ask, decisions, 4) == []
        assert wanted(ask, decisions, 6) == [CLEO]

    def test_the_first_speaks_again_when_their_voice_was_handed_on(self) -> None:
        ask = asked(in_turn((ADA, BOB), CLEO))
        decisions = [yes(ADA, 1), handed(ADA, BOB, 2, revision=2)]
        assert wanted(ask, decisions, 3) == [BOB]

    def test_a_rejection_lets_the_next_speak_where_others_can_make_up_for_it(self) -> None:
        terms = replace(in_turn(ADA, BOB, CLEO), required=2, reject=Rejection.QUORUM)
        assert wanted(asked(terms), [no(ADA, 1)], 2) == [BOB]
        assert wanted(asked(terms), [no(ADA, 1), yes(BOB, 2)], 2) == [CLEO]


class TestGroups:
    def test_one_member_speaks_for_all(self) -> None:
        ask = asked(policy((ADA, BOB), CLEO))
        assert wanted(ask, [yes(BOB, 1)], 2) == [CLEO]
        assert judge(ask, [yes(BOB, 1), yes(ADA, 2)], hour(3)).verdict is Verdict.WAIT

    def test_only_who_answered_may_change_it(self) -> None:
        ask = asked(policy((ADA, BOB), CLEO))
        assert judge(ask, [yes(BOB, 1), no(ADA, 2)], hour(3)).verdict is Verdict.WAIT
        assert judge(ask, [yes(BOB, 1), no(BOB, 2, 2)], hour(3)).verdict is Verdict.REJECTED


class TestRequester:
    @pytest.mark.parametrize(
        "requester",
        [
            "ada.lovelace@example.com",
            "Ada.Lovelace@Example.com",
            "Ada Lovelace",
            " ada  lovelace ",
            "Lovelace, Ada",
            "ada_lovelace@elsewhere.example",
            "Countess of Lovelace",
        ],
    )
    def test_the_requester_has_no_say(self, requester: str) -> None:
        ada = "ada.lovelace@example.com"
        terms = replace(policy(ada, BOB), names={ada: "Countess of Lovelace"})
        ask = asked(terms, requester=requester)
        assert wanted(ask, [], 1) == [BOB]
        judged = judge(ask, [no(ada, 1)], hour(2))
        assert (judged.verdict, judged.answers, judged.required) == (Verdict.WAIT, (), 1)
        allowed = asked(replace(terms, requester_may_approve=True), requester=requester)
        assert wanted(allowed, [], 1) == [ada, BOB]

    @pytest.mark.parametrize(
        "requester", [None, "Ada King", "svc-build", "c3ff2a52-0000-4000-8000-0123456789ab"]
    )
    def test_others_have(self, requester: str | None) -> None:
        ask = asked(policy("ada.lovelace@example.com", BOB), requester=requester)
        assert wanted(ask, [], 1) == ["ada.lovelace@example.com", BOB]
        assert Floor(ask).left_out == ()

    @pytest.mark.parametrize("requester", ["", " ", "-", "@"])
    def test_who_is_not_named_may_be_anybody(self, requester: str) -> None:
        terms = standing_in(above(policy((ADA, BOB), CLEO), BOSS, after=0), (ADA, GIL, 0, 9))
        ask = asked(terms, requester=requester)
        assert Floor(ask).left_out == (ADA, BOB, CLEO, GIL, BOSS)
        assert not is_possible(ask)
        assert is_possible(asked(replace(terms, requester_may_approve=True), requester=requester))

    def test_who_may_be_the_requester_is_left_out_and_no_other(self) -> None:
        ask = asked(policy((ADA, BOB), CLEO), requester="Bob (EXT)")
        assert Floor(ask).left_out == (BOB,)
        assert wanted(ask, [], 1) == [ADA, CLEO]

    def test_a_group_speaks_through_its_others(self) -> None:
        ask = asked(policy((ADA, BOB), CLEO), requester=ADA)
        assert wanted(ask, [], 1) == [BOB, CLEO]
        assert is_possible(ask)

    def test_a_voice_of_the_requester_alone_is_none(self) -> None:
        assert judge(asked(policy((ADA,), CLEO), requester=ADA), [], hour(1)).required == 1
        assert not is_possible(asked(policy(ADA, CLEO, required=2), requester=ADA))
        assert not is_possible(asked(policy(ADA), requester=ADA))

    def test_the_requester_stands_in_for_nobody_and_gets_nobodys_voice(self) -> None:
        terms = standing_in(above(policy((ADA, BOB), CLEO), BOSS, after=0), (ADA, GIL, 0, 9))
        for requester in (GIL, BOSS, BOB):
            ask = asked(terms, requester=requester)
            assert requester not in wanted(ask, [], 1)
            assert requester not in successors(ask, [], ADA, hour(1))

    def test_somebody_may_stand_in_for_the_requester(self) -> None:
        ask = asked(standing_in(policy(ADA, CLEO), (ADA, GIL, 2, 4)), requester=ADA)
        assert is_possible(ask)
        assert wanted(ask, [], 1) == [CLEO]
        assert wanted(ask, [], 2) == [GIL, CLEO]

    @pytest.mark.parametrize(("begin", "end"), [(-5, 0), (12, 20), (3, 3)])
    def test_not_outside_of_the_time_that_people_have(self, begin: float, end: float) -> None:
        terms = standing_in(policy(ADA, CLEO, required=2), (ADA, GIL, begin, end))
        assert not is_possible(asked(terms, requester=ADA))

    def test_only_who_is_named_for_them_and_has_no_voice(self) -> None:
        for given in ((CLEO, GIL, 0, 12), (ADA, CLEO, 0, 12)):
            terms = standing_in(policy(ADA, CLEO, required=2), given)
            assert not is_possible(asked(terms, requester=ADA))
        assert not is_possible(asked(above(terms, CLEO, after=0), requester=ADA))

    @pytest.mark.parametrize(("after", "possible"), [(11.9, True), (12, False)])
    def test_who_is_above_is_heard_when_they_are_asked_in_time(
        self, after: float, *, possible: bool
    ) -> None:
        ask = asked(above(policy(ADA, CLEO, required=2), BOSS, after=after), requester=ADA)
        assert is_possible(ask) is possible


class TestStandIns:
    def test_they_may_speak_inside_of_their_time_alone(self) -> None:
        ask = asked(standing_in(policy(ADA), (ADA, GIL, 2, 4)))
        assert wanted(ask, [], 1) == wanted(ask, [], 4) == [ADA]
        assert wanted(ask, [], 2) == [ADA, GIL]
        assert judge(ask, [yes(GIL, 1)], hour(5)).verdict is Verdict.WAIT
        assert judge(ask, [yes(GIL, 4)], hour(5)).verdict is Verdict.WAIT
        assert judge(ask, [yes(GIL, 3)], hour(5)).verdict is Verdict.APPROVED
        assert judge(ask, [], hour(1)).wakes_at == hour(2)
        assert judge(ask, [], hour(2)).wakes_at == hour(4)

    def test_it_shows_for_whom(self) -> None:
        ask = asked(standing_in(policy((ADA, BOB)), (BOB, GIL, 2, 4)))
        speaker = judge(ask, [], hour(3)).speakers[-1]
        assert speaker == Speaker(GIL, f"group of {ADA}", hour(2), Purpose.REQUEST, BOB)

    def test_who_spoke_in_time_may_change_it_later(self) -> None:
        ask = asked(standing_in(policy(ADA, BOB), (ADA, GIL, 2, 4)))
        assert judge(ask, [yes(GIL, 3), no(GIL, 5, 2)], hour(6)).verdict is Verdict.REJECTED

    @pytest.mark.parametrize("order", Order)
    def test_who_has_a_voice_has_no_other(self, order: Order) -> None:
        terms = replace(standing_in(policy(ADA, BOB), (ADA, BOB, 0, 12)), order=order)
        ask = asked(terms)
        judged = judge(ask, [yes(BOB, 1), yes(BOB, 2, 2)], hour(3))
        assert judged.verdict is Verdict.WAIT
        assert [speaker.person for speaker in judged.speakers] == [ADA]
        assert wanted(ask, [yes(ADA, 1)], 2) == [BOB]
        assert judge(ask, [yes(ADA, 1), yes(BOB, 2)], hour(3)).verdict is Verdict.APPROVED

    def test_who_stands_in_for_two_speaks_for_one(self) -> None:
        ask = asked(standing_in(policy(ADA, BOB), (BOB, GIL, 0, 12), (ADA, GIL, 0, 12)))
        judged = judge(ask, [yes(GIL, 1), yes(GIL, 2, 2)], hour(3))
        assert (judged.verdict, judged.approvals) == (Verdict.WAIT, 1)
        assert wanted(ask, [yes(GIL, 1)], 3) == [BOB]
        assert wanted(ask, [yes(ADA, 1)], 3) == [BOB, GIL]


class TestEscalation:
    def test_who_is_above_is_asked_after_a_while_of_silence(self) -> None:
        ask = asked(above(policy(ADA), BOSS, CHIEF, after=3))
        assert judge(ask, [], hour(3) - MICROSECOND).wakes_at == hour(3)
        assert wanted(ask, [], 2) == [ADA]
        assert judge(ask, [], hour(3)).speakers[1:] == (
            Speaker(BOSS, ADA, hour(3), Purpose.ESCALATION, ADA),
            Speaker(CHIEF, ADA, hour(3), Purpose.ESCALATION, ADA),
        )
        assert judge(ask, [yes(BOSS, 2)], hour(4)).verdict is Verdict.WAIT
        assert judge(ask, [yes(BOSS, 3)], hour(4)).verdict is Verdict.APPROVED

    def test_in_a_sequence_the_time_begins_with_the_turn(self) -> None:
        ask = asked(above(in_turn(ADA, BOB), BOSS, after=3))
        assert wanted(ask, [yes(ADA, 2)], 4) == [BOB]
        assert wanted(ask, [yes(ADA, 2)], 5) == [BOB, BOSS]

    def test_one_person_above_speaks_for_one_silent_voice(self) -> None:
        ask = asked(above(policy(ADA, BOB), BOSS, after=3))
        judged = judge(ask, [yes(BOSS, 4)], hour(5))
        assert [speaker.person for speaker in judged.speakers] == [BOB]
        assert (judged.verdict, judged.approvals) == (Verdict.WAIT, 1)

    def test_nobody_is_above_who_has_a_voice(self) -> None:
        ask = asked(above(policy(ADA, BOB), BOB, after=0))
        assert judge(ask, [yes(BOB, 1), yes(BOB, 2, 2)], hour(3)).verdict is Verdict.WAIT


def test_nobody_is_wanted_before_there_is_anyone() -> None:
    floor = Floor(asked(policy(ADA), requester="Ada"))
    assert (floor.count, floor.required, floor.is_possible) == (0, 0, False)
    assert floor.speakers(AT + timedelta(hours=1), {}) == []


@pytest.mark.parametrize("hours", [1e9, 1e300, float("inf")])
def test_those_above_who_are_called_after_the_end_of_times_are_never_called(hours: float) -> None:
    ask = asked(above(policy(ADA), BOSS, after=hours))
    floor = Floor(ask)
    assert floor.changes_after(AT, {}) == [datetime.max.replace(tzinfo=UTC)]
    assert wanted(ask, [], 11) == [ADA]
