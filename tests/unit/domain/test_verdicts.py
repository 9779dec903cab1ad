"""What the answers to an ask mean, in plain examples."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from shared.domain.approval import (
    Verdict,
    answers_to,
    is_possible,
    judge,
)
from shared.domain.decision import Choice, Decision
from shared.domain.policy import Freeze, Order, Rejection
from tests.unit.domain.approving import (
    ADA,
    BOB,
    CLEO,
    GIL,
    MICROSECOND,
    STRANGER,
    UNTIL,
    asked,
    handed,
    hour,
    later,
    no,
    policy,
    said,
    standing_in,
    voices,
    yes,
)


@pytest.mark.parametrize(
    ("choice", "verdict"),
    [
        (Choice.APPROVE, Verdict.APPROVED),
        (Choice.DEFER, Verdict.APPROVED),
        (Choice.REJECT, Verdict.REJECTED),
        (Choice.REASSIGN, Verdict.WAIT),
    ],
)
def test_one_word_decides_where_one_is_enough(choice: Choice, verdict: Verdict) -> None:
    word = said(choice, BOB, 1)
    judged = judge(asked(policy(ADA, BOB, required=1)), [word], hour(1))
    assert judged.verdict is verdict
    assert judged.decision == (None if verdict is Verdict.WAIT else word)


@pytest.mark.parametrize("reject", Rejection)
@pytest.mark.parametrize("required", [1, 2, 3])
@pytest.mark.parametrize("words", [[no, yes, yes], [yes, no, no], [no, no, yes]])
def test_how_many_rejections_end_it(
    reject: Rejection, required: int, words: Sequence[Callable[[str, float], Decision]]
) -> None:
    terms = replace(policy(ADA, BOB, CLEO, required=required), reject=reject)
    people = zip(words, (ADA, BOB, CLEO), strict=True)
    decisions = [word(person, place) for place, (word, person) in enumerate(people)]
    ayes, nays, verdict = 0, 0, Verdict.WAIT
    for each in decisions:
        ayes, nays = ayes + each.approves, nays + (not each.approves)
        if verdict is Verdict.WAIT and ayes == required:
            verdict = Verdict.APPROVED
        if verdict is Verdict.WAIT and nays > (0 if reject is Rejection.FIRST else 3 - required):
            verdict = Verdict.REJECTED
    assert judge(asked(terms), decisions, hour(3)).verdict is verdict


def test_the_answer_that_settles_it_is_the_one_that_took_effect_last() -> None:
    ask = asked(policy(ADA, BOB))
    deferred = later(ADA, 1, effect=4)
    judged = judge(ask, [deferred, yes(BOB, 2)], hour(4))
    assert judged.verdict is Verdict.APPROVED
    assert (judged.decision, judged.settled_at) == (deferred, hour(4))


def test_of_answers_that_take_effect_together_a_rejection_comes_first() -> None:
    terms = replace(policy(ADA, BOB, required=1), freezes=(Freeze(hour(1), hour(5)),))
    decisions = [yes(ADA, 1), no(BOB, 2)]
    assert judge(asked(terms), decisions, hour(4)).effect_at == hour(5)
    judged = judge(asked(terms), decisions, hour(5))
    assert (judged.verdict, judged.decision) == (Verdict.REJECTED, decisions[1])


def test_what_takes_effect_as_somebody_speaks_was_there_before() -> None:
    ask = asked(policy(ADA, BOB, required=1))
    decisions = [later(ADA, 1, effect=3), no(BOB, 3)]
    assert judge(ask, decisions, hour(3)).verdict is Verdict.APPROVED


def test_an_answer_in_time_counts_though_it_takes_effect_late() -> None:
    terms = replace(policy(ADA), freezes=(Freeze(hour(10), hour(20)),))
    ask, decisions = asked(terms), [yes(ADA, 11)]
    for now in (hour(11), UNTIL, hour(19)):
        judged = judge(ask, decisions, now)
        assert (judged.verdict, judged.effect_at) == (Verdict.WAIT, hour(20))
    assert judge(ask, decisions, hour(19)).wakes_at == hour(20)
    assert judge(ask, decisions, hour(20)).verdict is Verdict.APPROVED


def test_it_expires_at_the_moment_unless_it_is_settled_at_the_moment() -> None:
    ask = asked(policy(ADA))
    assert judge(ask, [], UNTIL - MICROSECOND).verdict is Verdict.WAIT
    assert judge(ask, [], UNTIL).verdict is Verdict.EXPIRED
    assert judge(ask, [later(ADA, 1, effect=12)], UNTIL).verdict is Verdict.APPROVED


def test_half_of_what_is_required_expires_though_it_takes_effect_later() -> None:
    ask = asked(policy(ADA, BOB))
    assert judge(ask, [later(ADA, 1, effect=20)], UNTIL).verdict is Verdict.EXPIRED


def test_a_mind_may_change_until_it_is_settled() -> None:
    ask = asked(policy(ADA, BOB))
    changed = [yes(ADA, 1), no(ADA, 2, revision=2)]
    assert judge(ask, changed, hour(3)).verdict is Verdict.REJECTED
    too_late = [yes(ADA, 1), yes(BOB, 2), no(ADA, 3, revision=2)]
    assert judge(ask, too_late, hour(4)).verdict is Verdict.APPROVED


def test_an_answer_that_was_replaced_takes_no_effect() -> None:
    ask = asked(policy(ADA))
    sooner = [later(ADA, 1, effect=9), yes(ADA, 2, revision=2)]
    assert judge(ask, sooner, hour(2)).settled_at == hour(2)
    put_off = [later(ADA, 1, effect=3), later(ADA, 2, effect=6, revision=2)]
    assert judge(ask, put_off, hour(5)).effect_at == hour(6)
    withdrawn = [later(ADA, 1, effect=3), no(ADA, 2, revision=2)]
    assert judge(ask, withdrawn, hour(2)).verdict is Verdict.REJECTED


def test_an_approval_that_is_put_off_counts_for_nothing_meanwhile() -> None:
    ask = asked(policy(ADA, BOB))
    decisions = [yes(ADA, 1), later(ADA, 2, effect=8, revision=2), yes(BOB, 3)]
    judged = judge(ask, decisions, hour(7))
    assert (judged.verdict, judged.approvals, judged.effect_at) == (Verdict.WAIT, 2, hour(8))
    assert judge(ask, decisions, hour(8)).verdict is Verdict.APPROVED


def test_an_old_revision_is_not_heard_again() -> None:
    ask = asked(policy(ADA, BOB))
    assert judge(ask, [no(ADA, 1, revision=2), yes(ADA, 2)], hour(3)).verdict is Verdict.REJECTED
    assert judge(ask, [yes(ADA, 1), no(ADA, 2)], hour(3)).answers == (yes(ADA, 1),)


def test_a_deferral_to_the_past_takes_effect_at_once() -> None:
    ask = asked(policy(ADA))
    assert judge(ask, [later(ADA, 2, effect=1)], hour(2)).settled_at == hour(2)


def test_a_clock_behind_the_newest_answer_stands_at_it() -> None:
    ask = asked(policy(ADA, BOB, required=1))
    assert judge(ask, [yes(ADA, 2)], hour(1)).verdict is Verdict.APPROVED


def test_what_does_not_count_does_not_move_the_clock() -> None:
    ask = asked(standing_in(policy(ADA, BOB, required=1), (BOB, GIL, 2.5, 9)))
    waiting = [later(ADA, 1, effect=3)]
    for word in (
        yes(STRANGER, 4),
        yes(ADA, 2.5),
        yes(ADA, 4),
        handed(BOB, STRANGER, 2.5),
        replace(yes(BOB, 2.5), digest="another"),
    ):
        assert judge(ask, [*waiting, word], hour(2)) == judge(ask, waiting, hour(2))


@pytest.mark.parametrize(
    "void",
    [
        replace(yes(ADA, 1), ask=1),
        replace(yes(ADA, 1), ask=3),
        replace(yes(ADA, 1), digest="another"),
        yes(STRANGER, 1),
        replace(yes(ADA, 0), at=hour(0) - MICROSECOND),
        yes(ADA, 12),
        yes(ADA, 13),
    ],
    ids=["earlier ask", "later ask", "other content", "a stranger", "before", "at the end", "late"],
)
def test_what_does_not_answer_this_ask_does_not_count(void: Decision) -> None:
    ask = asked(policy(ADA))
    assert judge(ask, [void], UNTIL - MICROSECOND) == judge(ask, [], UNTIL - MICROSECOND)
    assert judge(ask, [void], UNTIL).verdict is Verdict.EXPIRED
    assert judge(ask, [yes(ADA, 0)], hour(0)).verdict is Verdict.APPROVED
    last = replace(yes(ADA, 12), at=UNTIL - MICROSECOND)
    assert judge(ask, [last], UNTIL).verdict is Verdict.APPROVED


def test_a_word_without_sign_in_does_not_count_where_it_is_required() -> None:
    ask = asked(replace(policy(ADA), require_sign_in=True))
    assert judge(ask, [yes(ADA, 1)], hour(2)).verdict is Verdict.WAIT
    vouched_for = replace(yes(ADA, 1), signed_in=True)
    assert judge(ask, [yes(ADA, 1), vouched_for], hour(2)).decision == vouched_for


def test_more_than_can_be_heard_is_never_approved() -> None:
    terms = policy(ADA, BOB, required=3)
    decisions = [yes(ADA, 1), yes(BOB, 2)]
    assert is_possible(asked(policy(ADA, BOB, required=1)))
    assert is_possible(asked(policy(ADA, BOB, required=2)))
    assert not is_possible(asked(terms))
    assert judge(asked(terms), decisions, UNTIL).verdict is Verdict.EXPIRED
    lost = replace(terms, reject=Rejection.QUORUM)
    assert judge(asked(lost), [no(ADA, 1)], hour(1)).verdict is Verdict.REJECTED


def test_nobody_approves_what_nobody_may() -> None:
    ask = asked(policy((ADA,)), requester="Ada")
    assert not is_possible(ask)
    assert judge(ask, [yes(ADA, 1)], UNTIL).verdict is Verdict.EXPIRED


def test_a_reader_finds_the_answers_of_one_ask_once_and_in_their_order() -> None:
    ask, mine = asked(policy(ADA, BOB)), [yes(ADA, 1), no(BOB, 2)]
    assert answers_to(ask, [mine[1], replace(mine[0], ask=1), *mine]) == mine
    judged = judge(ask, mine[:1], hour(2))
    assert judged.answer_of(ADA) == mine[0]
    assert judged.answer_of(BOB) is None


def test_an_ask_of_before_there_were_policies_takes_the_first_word() -> None:
    ask = asked(None)
    assert ask.terms.voices == voices(ADA, BOB)
    assert (ask.terms.required, ask.terms.timeout_seconds) == (1, 12 * 3600.0)
    assert judge(ask, [no(ADA, 3), yes(BOB, 2)], UNTIL).verdict is Verdict.APPROVED
    tie = [no(BOB, 1), yes(ADA, 1)]
    assert {judge(ask, each, UNTIL).verdict for each in (tie, tie[::-1])} == {Verdict.REJECTED}
    assert judge(ask, [], UNTIL).verdict is Verdict.EXPIRED


def test_a_voice_that_was_handed_on_is_heard_or_expires() -> None:
    terms = policy((ADA, BOB), CLEO)
    ask, moved = asked(terms), handed(ADA, BOB, 2, revision=2)
    judged = judge(ask, [yes(ADA, 1), moved, yes(CLEO, 3)], hour(4))
    assert (judged.verdict, judged.approvals) == (Verdict.WAIT, 1)
    assert judge(ask, [yes(ADA, 1), moved, yes(CLEO, 3)], UNTIL).verdict is Verdict.EXPIRED
    decisions = [yes(ADA, 1), moved, yes(CLEO, 3), yes(BOB, 4)]
    assert judge(ask, decisions, hour(4)).verdict is Verdict.APPROVED


def test_a_sequence_is_settled_by_its_last_voice() -> None:
    ask = asked(replace(policy(ADA, BOB), order=Order.SEQUENCE))
    assert judge(ask, [yes(BOB, 1), yes(ADA, 2)], hour(3)).approvals == 1
    assert judge(ask, [yes(ADA, 1), yes(BOB, 2)], hour(2)).settled_at == hour(2)
