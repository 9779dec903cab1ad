"""Who is in a policy, whom Azure ML's name of a creator may mean, and the terms of old asks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.approval import Verdict, judge
from shared.domain.ask import Ask, Purpose, mail_key
from shared.domain.policy import Order, Rejection, Voice, of_people
from tests.unit.domain.approving import ADA, BOB, CLEO, UNTIL, asked, hour, policy, yes

LOVELACE = "ada.lovelace@example.com"
NAMES = {LOVELACE: "Countess of Lovelace", BOB: ""}


class TestCreator:
    @pytest.mark.parametrize(
        "creator",
        [
            LOVELACE,
            " Ada.Lovelace@EXAMPLE.com ",
            "Countess of Lovelace",
            "Lovelace, Countess of",
            "Ada Lovelace",
            "LOVELACE, Ada",
            "ada_lovelace",
            "ada.lovelace@other.example",
            "Ada Lovelacé",
            "Ada Lovelace\u0301",
        ],
    )
    def test_it_may_be_the_person(self, creator: str) -> None:
        assert replace(policy(LOVELACE), names=NAMES).is_called(LOVELACE, creator)

    @pytest.mark.parametrize(
        "creator",
        [
            "",
            " ",
            "@",
            "@example.com",
            "-",
            "Ada",
            "Lovelace",
            "Ada Lovelace King",
            "bob@example.com",
            "c3ff2a52-0000-4000-8000-0123456789ab",
        ],
    )
    def test_it_is_somebody_else(self, creator: str) -> None:
        assert not replace(policy(LOVELACE), names=NAMES).is_called(LOVELACE, creator)

    @pytest.mark.parametrize(
        ("address", "creator"),
        [
            ("jose.garcia@example.com", "José García"),
            ("jose.garcia@example.com", "García, Jose\u0301"),
            ("juergen.mueller@example.com", "Jürgen Müller"),
            ("jurgen.muller@example.com", "Jürgen Müller"),
            ("jürgen.müller@example.com", "Ju\u0308rgen Mu\u0308ller"),
            ("anna.gross@example.com", "Anna Groß"),
        ],
    )
    def test_accents_are_written_in_more_than_one_way(self, address: str, creator: str) -> None:
        assert policy(address).is_called(address, creator)
        assert replace(policy(BOB), names={BOB: creator}).is_called(BOB, creator)

    def test_an_object_id_is_told_by_the_names_that_are_given(self) -> None:
        known = "c3ff2a52-0000-4000-8000-0123456789ab"
        assert replace(policy(ADA), names={ADA: known}).is_called(ADA, known.upper())

    def test_an_empty_name_is_nobodys(self) -> None:
        assert not replace(policy(BOB), names=NAMES).is_called(BOB, "")
        assert not policy("-@example.com").is_called("-@example.com", "_")


def test_approvers_are_every_member_in_order() -> None:
    assert policy((CLEO, ADA), BOB).approvers == (CLEO, ADA, BOB)
    assert policy().approvers == ()


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
