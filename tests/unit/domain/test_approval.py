"""Whatever the order, the repeats and the late ones: the answers to an ask have one meaning."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.approval import (
    Verdict,
    answers_by_voice,
    judge,
    successors,
)
from shared.domain.ask import Ask
from shared.domain.decision import Choice, Decision
from tests.unit.domain.approving import (
    MICROSECOND,
    PEOPLE,
    UNTIL,
    hour,
    hours_after,
    often,
    said,
    stories,
    strays,
)
from tests.unit.domain.oracle import Oracle, effect_of

Story = tuple[Ask, list[Decision]]

moments = hours_after.map(hour)
settled = (Verdict.APPROVED, Verdict.REJECTED)


@given(stories(), st.randoms(), moments)
@often
def test_order_and_repeats_change_nothing(story: Story, random: Random, now: datetime) -> None:
    ask, decisions = story
    shuffled = [*decisions, *random.choices(decisions, k=3)] if decisions else []
    random.shuffle(shuffled)
    assert judge(ask, shuffled, now) == judge(ask, decisions, now)
    for person in PEOPLE:
        heirs = successors(ask, decisions, person, now)
        assert successors(ask, shuffled, person, now) == heirs


@given(stories(), st.randoms(), moments)
@often
def test_order_changes_nothing_where_all_is_said_at_once(
    story: Story, random: Random, now: datetime
) -> None:
    ask, decisions = story
    together = [replace(each, at=hour(1)) for each in decisions]
    assert judge(ask, random.sample(together, k=len(together)), now) == judge(ask, together, now)


@given(st.data(), stories(), moments)
@often
def test_what_does_not_answer_this_ask_changes_nothing(
    data: st.DataObject, story: Story, now: datetime
) -> None:
    ask, decisions = story
    stray = data.draw(st.lists(strays(ask), max_size=3))
    assert judge(ask, [*stray, *decisions], now) == judge(ask, decisions, now)


@given(stories(), moments)
@often
def test_what_was_not_theirs_to_say_changes_nothing(story: Story, now: datetime) -> None:
    ask, decisions = story
    oracle = Oracle(ask)
    oracle.tell(decisions)
    counted = [each for each, _ in oracle.log]
    assert judge(ask, counted, now) == judge(ask, decisions, now)


@given(stories(), st.lists(st.sampled_from(PEOPLE), max_size=4), st.sampled_from(Choice), moments)
@often
def test_what_is_settled_stays_settled(
    story: Story, people: list[str], choice: Choice, now: datetime
) -> None:
    ask, decisions = story
    judged = judge(ask, decisions, now)
    if judged.settled_at is None:
        return
    assert judge(ask, decisions, judged.settled_at) == judged
    after = [
        replace(said(choice, person, 0, revision=9), at=judged.settled_at + place * MICROSECOND)
        for place, person in enumerate(people, 1)
    ]
    assert judge(ask, [*after, *decisions], UNTIL + timedelta(days=9)) == judged
    earlier = [each for each in decisions if each.at <= judged.settled_at]
    assert judge(ask, earlier, judged.settled_at) == judged


@given(stories(), moments)
@often
def test_it_is_what_the_rules_say(story: Story, now: datetime) -> None:
    ask, decisions = story
    judged = judge(ask, decisions, now)
    oracle = Oracle(ask)
    oracle.tell(decisions)
    now = max([now, ask.asked_at, *(each.at for each, _ in oracle.log)])
    told = oracle.settled_by(now)
    assert {each.approver: each for each in judged.answers} == {
        each.approver: each for each in oracle.standing().values()
    }
    assert answers_by_voice(ask, decisions, now) == oracle.standing()
    assert judged.required == oracle.required
    if told is not None:
        assert (judged.verdict, judged.decision, judged.settled_at) == told
        return
    is_open, coming = now < ask.expires_at, oracle.settled_by(hour(9000))
    assert judged.verdict is (Verdict.WAIT if is_open or coming else Verdict.EXPIRED)
    assert judged.effect_at == (coming[2] if coming else None)
    assert {(each.person, each.voice) for each in judged.speakers} == oracle.speakers(now)
    for person in PEOPLE:
        assert set(successors(ask, decisions, person, now)) == oracle.heirs(person, now)


@given(stories(), moments)
@often
def test_approved_is_what_enough_people_with_a_voice_each_have_approved(
    story: Story, now: datetime
) -> None:
    ask, decisions = story
    judged = judge(ask, decisions, now)
    people = [each.approver for each in judged.answers]
    assert len(set(people)) == len(people) <= len(ask.terms.voices)
    assert all(each in decisions for each in judged.answers)
    if judged.verdict is not Verdict.APPROVED:
        return
    assert judged.settled_at is not None
    in_effect = [
        each.approver
        for each in judged.answers
        if each.approves and effect_of(ask.terms, each) <= judged.settled_at
    ]
    assert len(in_effect) >= judged.required >= 1
    if ask.requester and not ask.terms.requester_may_approve:
        assert not any(ask.terms.is_called(person, ask.requester) for person in in_effect)


@given(stories(), moments)
@often
def test_it_settles_when_it_says_and_not_before(story: Story, now: datetime) -> None:
    ask, decisions = story
    judged = judge(ask, decisions, now)
    if judged.effect_at is None:
        return
    assert judge(ask, decisions, judged.effect_at - MICROSECOND).verdict is Verdict.WAIT
    at_last = judge(ask, decisions, judged.effect_at)
    assert at_last.verdict in settled
    assert at_last.settled_at == judged.effect_at


@given(stories(), moments, st.floats(0, 1))
@often
def test_nothing_changes_by_itself_before_it_wakes(
    story: Story, now: datetime, part: float
) -> None:
    ask, decisions = story
    judged = judge(ask, decisions, now)
    if judged.wakes_at is None:
        assert judged.verdict is not Verdict.WAIT
        return
    oracle = Oracle(ask)
    oracle.tell(decisions)
    now = max([now, *(each.at for each, _ in oracle.log)])
    assert judged.wakes_at > now
    for moment in (now + part * (judged.wakes_at - now), judged.wakes_at - MICROSECOND):
        if now <= moment < judged.wakes_at:
            assert judge(ask, decisions, moment) == judge(ask, decisions, now)


@given(stories())
@often
def test_it_expires_unless_something_said_in_time_will_settle_it(story: Story) -> None:
    ask, decisions = story
    judged, in_the_end = judge(ask, decisions, UNTIL), judge(ask, decisions, hour(9000))
    assert (judged.verdict is Verdict.EXPIRED) == (in_the_end.verdict is Verdict.EXPIRED)
    assert in_the_end.verdict is not Verdict.WAIT
    assert judged.speakers == ()
    assert judge(ask, decisions, UNTIL - MICROSECOND).verdict is not Verdict.EXPIRED
