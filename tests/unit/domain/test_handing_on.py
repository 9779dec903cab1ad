"""To whom a voice may be handed, and who is silent afterwards."""

from shared.domain.approval import Verdict, judge, successors
from shared.domain.ask import Ask, Purpose
from shared.domain.voices import Speaker
from tests.unit.domain.approving import (
    ADA,
    BOB,
    BOSS,
    CLEO,
    DAN,
    GIL,
    HAL,
    above,
    asked,
    handed,
    hour,
    no,
    policy,
    standing_in,
    wanted,
    yes,
)


def ask_of_three() -> Ask:
    terms = above(policy((ADA, BOB), CLEO, DAN), BOSS, after=8)
    return asked(standing_in(terms, (ADA, GIL, 2, 6), (CLEO, HAL, 0, 12)))


def test_to_the_group_those_who_stand_in_now_and_those_above() -> None:
    assert successors(ask_of_three(), [], ADA, hour(1)) == (BOB, BOSS)
    assert successors(ask_of_three(), [], ADA, hour(2)) == (BOB, GIL, BOSS)
    assert successors(ask_of_three(), [], DAN, hour(2)) == (BOSS,)


def test_to_nobody_else() -> None:
    for to in (CLEO, ADA, HAL, "stranger@example.com", ""):
        decisions = [handed(ADA, to, 3), yes(to, 4)]
        assert ADA in wanted(ask_of_three(), decisions[:1], 5)


def test_nor_to_someone_who_has_answered_or_has_a_voice_by_now() -> None:
    assert BOSS not in successors(ask_of_three(), [handed(DAN, BOSS, 1)], ADA, hour(2))
    assert GIL not in successors(ask_of_three(), [yes(GIL, 3)], GIL, hour(4))
    terms = standing_in(policy(ADA, CLEO), (ADA, GIL, 0, 12), (CLEO, GIL, 0, 12))
    assert successors(asked(terms), [yes(GIL, 1)], CLEO, hour(2)) == ()
    assert successors(asked(terms), [], CLEO, hour(2)) == (GIL,)


def test_the_former_holder_is_silent_afterwards() -> None:
    decisions = [handed(ADA, BOB, 3)]
    assert wanted(ask_of_three(), decisions, 4) == [BOB, CLEO, HAL, DAN]
    assert judge(ask_of_three(), [*decisions, no(ADA, 5, 2)], hour(6)).verdict is Verdict.WAIT
    assert successors(ask_of_three(), decisions, ADA, hour(4)) == ()


def test_also_one_who_is_above() -> None:
    decisions = [handed(BOSS, GIL, 9)]
    ask = asked(above(standing_in(policy(ADA, CLEO), (ADA, GIL, 0, 12)), BOSS, after=8))
    assert wanted(ask, decisions, 10) == [GIL, CLEO]


def test_the_new_one_has_it_in_place_of_all_others() -> None:
    decisions = [handed(ADA, GIL, 3)]
    speakers = judge(ask_of_three(), decisions, hour(7)).speakers
    group = f"group of {ADA}"
    assert speakers[0] == Speaker(GIL, group, hour(3), Purpose.REQUEST, group, handed_on=1)
    assert [speaker.person for speaker in speakers] == [GIL, CLEO, HAL, DAN]


def test_who_got_one_stands_in_for_nobody_else() -> None:
    terms = standing_in(policy(ADA, CLEO), (ADA, GIL, 0, 12), (CLEO, GIL, 0, 12))
    judged = judge(asked(terms), [handed(CLEO, GIL, 1), yes(GIL, 2)], hour(3))
    assert [speaker.person for speaker in judged.speakers] == [ADA]


def test_it_may_be_handed_back() -> None:
    decisions = [handed(ADA, BOB, 3), handed(BOB, ADA, 4)]
    speaker = judge(ask_of_three(), decisions, hour(5)).speakers[0]
    assert (speaker.person, speaker.since, speaker.handed_on) == (ADA, hour(4), 2)
    assert judge(ask_of_three(), [*decisions, no(ADA, 5, 2)], hour(6)).verdict is Verdict.REJECTED


def test_who_is_above_may_still_speak_for_it() -> None:
    assert BOSS in wanted(ask_of_three(), [handed(ADA, BOB, 3)], 8)


def test_not_when_it_is_settled_or_late() -> None:
    ask = asked(policy((ADA, BOB)))
    assert successors(ask, [], ADA, hour(11)) == (BOB,)
    assert successors(ask, [], ADA, hour(12)) == ()
    assert successors(ask, [yes(ADA, 1)], ADA, hour(2)) == ()
