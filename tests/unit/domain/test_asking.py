"""Each mail is owed once, when it is due, and never after the time is up."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.domain.approval import judge
from shared.domain.ask import Ask, Purpose
from shared.domain.asking import Owed, next_mail_at, owed
from shared.domain.decision import Decision
from shared.domain.policy import ApprovalPolicy, Order
from tests.unit.domain.approving import (
    ADA,
    BOB,
    BOSS,
    GIL,
    MICROSECOND,
    above,
    asked,
    handed,
    hour,
    policy,
    standing_in,
    yes,
)

GROUP = f"group of {ADA}"


def reminded(terms: ApprovalPolicy, *hours: float) -> Ask:
    return asked(replace(terms, reminders_seconds=tuple(each * 3600.0 for each in hours)))


def mails(ask: Ask, at: float, decisions: Sequence[Decision] = ()) -> list[Owed]:
    return owed(ask, judge(ask, decisions, hour(at)), hour(at))


def keys(ask: Ask, at: float, decisions: Sequence[Decision] = ()) -> list[str]:
    return [mail.key for mail in mails(ask, at, decisions)]


def sent(ask: Ask, at: float, decisions: Sequence[Decision] = ()) -> Ask:
    """All that is owed was accepted."""
    return replace(ask, mailed=(*ask.mailed, *keys(ask, at, decisions)))


def test_everybody_is_asked_once() -> None:
    ask = reminded(policy(ADA, BOB))
    assert keys(ask, 0) == [f"request-0 {ADA}", f"request-0 {BOB}"]
    assert keys(replace(ask, mailed=(f"request-0 {ADA}",)), 1) == [f"request-0 {BOB}"]
    assert keys(sent(ask, 0), 11) == []


def test_who_has_answered_gets_none() -> None:
    ask = sent(reminded(policy(ADA, BOB), 2), 0)
    assert keys(ask, 2, [yes(ADA, 1)]) == [f"reminder-1 {BOB}"]
    assert keys(ask, 3, [yes(ADA, 1), yes(BOB, 2.5)]) == []


class TestReminders:
    def test_each_once_from_its_moment_on(self) -> None:
        ask = sent(reminded(policy(ADA), 2, 4), 0)
        assert keys(ask, 1.99) == []
        assert keys(ask, 2) == [f"reminder-1 {ADA}"]
        ask = sent(ask, 2)
        assert keys(ask, 3.99) == []
        assert keys(ask, 4) == [f"reminder-2 {ADA}"]
        assert keys(sent(ask, 4), 11) == []

    def test_of_late_ones_the_newest_alone(self) -> None:
        ask = sent(reminded(policy(ADA), 2, 4, 6), 0)
        assert keys(ask, 5) == [f"reminder-2 {ADA}"]
        assert keys(sent(ask, 5), 5.5) == []

    @pytest.mark.parametrize("after", [12, 13])
    def test_none_when_the_time_is_up(self, after: float) -> None:
        ask = sent(reminded(policy(ADA), 2, after), 0)
        last = sent(ask, 2)
        assert next_mail_at(last, judge(last, [], hour(3)), hour(3)) is None
        assert keys(last, 12) == keys(last, 14) == keys(ask, 12) == []

    def test_nobody_is_reminded_of_what_they_were_not_told(self) -> None:
        ask = reminded(policy(ADA), 2)
        assert keys(ask, 3) == [f"request-0 {ADA}"]
        assert keys(replace(ask, refused=(f"request-0 {ADA}",)), 3) == []

    def test_one_that_was_refused_is_not_repeated_and_the_next_is_tried(self) -> None:
        ask = replace(sent(reminded(policy(ADA), 2, 4), 0), refused=(f"reminder-1 {ADA}",))
        assert keys(ask, 3) == []
        assert keys(ask, 4) == [f"reminder-2 {ADA}"]

    def test_in_a_sequence_they_count_from_the_turn(self) -> None:
        terms = replace(policy(ADA, BOB), order=Order.SEQUENCE)
        ask, said = reminded(terms, 2), [yes(ADA, 3)]
        ask = sent(ask, 3, said)
        assert ask.mailed == (f"request-0 {BOB}",)
        assert keys(ask, 4.99, said) == []
        assert keys(ask, 5, said) == [f"reminder-1 {BOB}"]


class TestNext:
    def test_the_soonest_after_now(self) -> None:
        ask = reminded(policy(ADA, BOB), 2, 4)
        for at, then in ((hour(0), hour(2)), (hour(2) - MICROSECOND, hour(2)), (hour(2), hour(4))):
            assert next_mail_at(ask, judge(ask, [], at), at) == then
        assert next_mail_at(ask, judge(ask, [], hour(4)), hour(4)) is None

    def test_none_without_reminders_or_anyone_to_remind(self) -> None:
        plain, ask = reminded(policy(ADA)), reminded(policy(ADA), 2)
        assert next_mail_at(plain, judge(plain, [], hour(0)), hour(0)) is None
        assert next_mail_at(ask, judge(ask, [yes(ADA, 1)], hour(1)), hour(1)) is None


class TestOthers:
    def test_a_stand_in_is_asked_for_each_voice_when_its_turn_comes(self) -> None:
        terms = standing_in(policy(ADA, BOB), (ADA, GIL, 0, 12), (BOB, GIL, 0, 12))
        ask = sent(reminded(terms), 0)
        assert f"request-0 {GIL} for {ADA}" in ask.mailed
        assert keys(ask, 2, [yes(ADA, 1)]) == [f"request-0 {GIL} for {BOB}"]
        assert keys(sent(ask, 2, [yes(ADA, 1)]), 3, [yes(ADA, 1)]) == []

    def test_who_is_above_is_told_why_and_reminded_from_then_on(self) -> None:
        ask = sent(reminded(above(policy(ADA), BOSS, after=3), 2), 2)
        ask = sent(sent(ask, 2), 2)
        [mail] = mails(ask, 3)
        assert (mail.purpose, mail.number) == (Purpose.ESCALATION, 0)
        assert mail.key == f"escalation-0 {BOSS} for {ADA}"
        ask = sent(ask, 3)
        assert keys(ask, 4.99) == []
        assert keys(ask, 5) == [f"reminder-1 {BOSS} for {ADA}"]

    def test_who_gets_a_voice_is_asked_anew_and_reminded_anew(self) -> None:
        ask, said = sent(reminded(policy((ADA, BOB)), 2), 0), [handed(ADA, BOB, 3)]
        assert keys(ask, 3, said) == [f"request-1 {BOB} for {GROUP}"]
        ask = sent(ask, 3, said)
        assert keys(ask, 4.99, said) == []
        assert [mail.purpose for mail in mails(ask, 5, said)] == [Purpose.REMINDER]

    def test_also_when_it_comes_back_again_and_again(self) -> None:
        ask, said = sent(reminded(policy((ADA, BOB)), 1), 0), list[Decision]()
        for number in range(1, 5):
            by, to = (ADA, BOB) if number % 2 else (BOB, ADA)
            at = 2 * number
            said.append(handed(by, to, at, revision=(number + 1) // 2))
            assert keys(ask, at, said) == [f"request-{number} {to} for {GROUP}"]
            ask = sent(ask, at, said)
            [reminder] = mails(ask, at + 1, said)
            assert (reminder.purpose, reminder.speaker.person) == (Purpose.REMINDER, to)
            ask = sent(ask, at + 1, said)
            assert keys(ask, at + 1.5, said) == []
