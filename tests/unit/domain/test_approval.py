"""Whatever the order, the repeats and the late ones: the answers to an ask have one meaning."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.approval import Verdict, judge
from shared.domain.ask import Ask
from shared.domain.decision import Choice, Decision
from shared.domain.release import ReleaseId

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
UNTIL = AT + timedelta(hours=10)
ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
ASK = Ask(2, AT, UNTIL, "d1gest", (ADA, BOB))


def said(
    choice: Choice = Choice.APPROVE,
    *,
    by: str = ADA,
    hours: int = 1,
    ask: int = 2,
    digest: str = "d1gest",
) -> Decision:
    at = AT + timedelta(hours=hours)
    return Decision(ReleaseId("r"), "prod", ask, by, choice, "", at, digest)


anyones = st.builds(
    said,
    st.sampled_from(Choice),
    by=st.sampled_from([ADA, BOB, EVE]),
    hours=st.integers(0, 12),
    ask=st.integers(1, 3),
    digest=st.sampled_from(["d1gest", "another"]),
)


@given(st.lists(anyones, max_size=8), st.randoms(), st.integers(0, 12))
def test_order_and_repeats_change_nothing(
    decisions: list[Decision], random: Random, hours: int
) -> None:
    now = AT + timedelta(hours=hours)
    judged = judge(ASK, decisions, now)
    shuffled = decisions * 2
    random.shuffle(shuffled)
    again = judge(ASK, shuffled, now)
    assert again.verdict is judged.verdict
    if judged.decision is not None and again.decision is not None:
        assert again.decision.at == judged.decision.at
        assert again.decision.approver == judged.decision.approver


@given(st.lists(anyones, max_size=8), st.lists(anyones, max_size=4))
def test_a_verdict_stays_whatever_comes_later(first: list[Decision], later: list[Decision]) -> None:
    last = max((decision.at for decision in first), default=AT)
    judged = judge(ASK, first, last)
    after = [decision for decision in later if decision.at > last]
    if judged.verdict in (Verdict.APPROVED, Verdict.REJECTED):
        assert judge(ASK, [*after, *first], UNTIL + timedelta(days=1)) == judged


@pytest.mark.parametrize("choice", Choice)
def test_one_word_of_an_approver_decides(choice: Choice) -> None:
    judged = judge(ASK, [said(choice)], AT + timedelta(hours=1))
    approved = choice is Choice.APPROVE
    assert judged.verdict is (Verdict.APPROVED if approved else Verdict.REJECTED)
    assert judged.decision == said(choice)


def test_the_first_word_counts() -> None:
    decisions = [said(Choice.REJECT, hours=3), said(Choice.APPROVE, by=BOB, hours=2)]
    assert judge(ASK, decisions, UNTIL).decision == decisions[1]


def test_of_two_at_the_same_moment_the_rejection_counts() -> None:
    both = [said(Choice.REJECT, by=BOB), said(Choice.APPROVE, by=ADA)]
    for decisions in (both, both[::-1]):
        assert judge(ASK, decisions, UNTIL).verdict is Verdict.REJECTED


@pytest.mark.parametrize(
    "void",
    [
        said(ask=1),
        said(ask=3),
        said(by=EVE),
        said(hours=10),
        said(hours=11),
        said(digest="another"),
    ],
    ids=["earlier ask", "later ask", "a stranger", "at the end", "late", "something else"],
)
def test_what_does_not_answer_this_ask_does_not_count(void: Decision) -> None:
    assert judge(ASK, [void], UNTIL - timedelta(seconds=1)).verdict is Verdict.WAIT
    assert judge(ASK, [void], UNTIL).verdict is Verdict.EXPIRED


def test_a_word_in_time_counts_when_it_is_read_late() -> None:
    assert judge(ASK, [said(hours=9)], UNTIL + timedelta(days=3)).verdict is Verdict.APPROVED
