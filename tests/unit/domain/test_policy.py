"""Who is in a policy, whom Azure ML's name of a creator may mean, and the terms of old asks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.domain.approval import Verdict, judge
from shared.domain.ask import Ask, Purpose, mail_key
from shared.domain.policy import Order, Rejection, Voice, of_people
from tests.unit.domain.approving import (
    ADA,
    BOB,
    BOSS,
    CLEO,
    GIL,
    UNTIL,
    above,
    asked,
    hour,
    policy,
    standing_in,
    yes,
)


class TestCreator:
    def test_the_name_that_the_pipeline_gives_tells_who_it_is(self) -> None:
        terms = replace(policy(ADA, BOB), names={ADA: "Ada Lovelace"})
        assert terms.is_called(ADA, "Lovelace, Ada")
        assert not terms.is_called(ADA, "Ada King")
        assert policy(ADA).is_called(ADA, "Ada King")

    def test_an_object_id_is_told_by_the_names_that_are_given(self) -> None:
        known = "c3ff2a52-0000-4000-8000-0123456789ab"
        assert replace(policy(ADA), names={ADA: known}).is_called(ADA, known.upper())


def test_approvers_are_every_member_in_order() -> None:
    assert policy((CLEO, ADA), BOB).approvers == (CLEO, ADA, BOB)
    assert policy().approvers == ()


def test_everybody_is_whoever_may_ever_have_a_word() -> None:
    terms = above(policy((CLEO, ADA), BOB), BOSS, after=1)
    assert standing_in(terms, (ADA, GIL, 0, 1), (BOB, GIL, 1, 2)).everybody == (
        CLEO,
        ADA,
        BOB,
        GIL,
        BOSS,
    )


class TestOldAsks:
    def test_the_first_answer_of_anyone_decides(self) -> None:
        terms = asked(None).terms
        assert terms == of_people(ADA, BOB, timeout_seconds=12 * 3600.0)
        assert terms.voices == (Voice(ADA, (ADA,)), Voice(BOB, (BOB,)))
        assert (terms.required, terms.order, terms.reject) == (1, Order.ANY, Rejection.FIRST)
        assert judge(asked(None), [yes(BOB, 1)], hour(1)).verdict is Verdict.APPROVED

    def test_the_time_is_what_people_had(self) -> None:
        at = datetime(2026, 11, 2, tzinfo=UTC)
        ask = Ask(1, at, at + timedelta(seconds=90.5), "d1gest", (ADA,))
        assert ask.terms.timeout_seconds == 90.5

    def test_a_policy_is_taken_as_it_was(self) -> None:
        own = policy(CLEO)
        assert asked(own, until=UNTIL + timedelta(hours=1)).terms is own


def test_a_place_in_the_roster() -> None:
    ask = replace(asked(None), roster=(BOB, ADA))
    assert [ask.place_of(each) for each in (BOB, ADA, CLEO)] == [0, 1, None]


def test_a_mail_is_named_by_purpose_number_and_person() -> None:
    assert mail_key(Purpose.REMINDER, 2, ADA) == f"reminder-2 {ADA}"
