"""What a link says to people whose word nobody waits for."""

from dataclasses import replace
from datetime import timedelta

from shared.domain.policy import Escalation
from tests.unit.web.browsing import filled, look, say, send, words
from tests.unit.web.samples import BERLIN, BOSS, MAX, QUORUM, SEQUENCE
from tests.unit.web.support import (
    ADA,
    GRACE,
    HOUR,
    LIN,
    waiting,
)


def test_a_group_has_one_voice() -> None:
    desk = waiting(QUORUM)
    form = filled(desk, "approve", LIN)
    say(desk, "approve", GRACE, comment="Fine by us.")
    for response, status in ((look(desk, LIN), 200), (send(desk, form, LIN), 409)):
        assert response.status == status
        assert "Somebody has answered in your place" in words(response)
        assert f"{GRACE} approved it" in words(response)
        assert "Fine by us." in words(response)


def test_whom_a_stand_in_has_answered_for_is_told() -> None:
    desk = waiting(replace(BERLIN, required=2))
    say(desk, "approve", MAX)
    assert "Somebody has answered in your place" in words(look(desk))
    assert f"{MAX} approved it" in words(look(desk))


def test_a_stand_in_whose_word_came_too_late_is_told_who_answered() -> None:
    desk = waiting(replace(BERLIN, required=2))
    say(desk, "approve")
    assert "Somebody has answered in your place" in words(look(desk, MAX))


def test_a_voice_that_was_handed_on_is_told_to_the_others() -> None:
    desk = waiting(replace(BERLIN, required=2))
    say(desk, "reassign", to=BOSS)
    text = words(look(desk, GRACE))
    assert f"{ADA} : not answered yet It was handed on to {BOSS}." in text
    assert MAX not in text


def test_who_is_above_is_asked_once_others_stay_silent() -> None:
    desk = waiting(replace(QUORUM, escalation=Escalation(12 * HOUR, (BOSS,))))
    assert "It is not your turn" in words(look(desk, BOSS))
    desk.world.clock.advance(hours=12)
    assert "You answer as boss@example.com , for" in words(look(desk, BOSS))
    assert say(desk, "approve", BOSS).status == 200


def test_a_stand_in_has_no_turn_any_more_once_it_ends() -> None:
    desk = waiting(BERLIN)
    form = filled(desk, "approve", MAX)
    record = BERLIN.delegations[0]
    ended = replace(record, ends_at=desk.now + timedelta(hours=1))
    desk.update(policy=replace(BERLIN, delegations=(ended,)))
    assert look(desk, MAX).status == 200
    desk.world.clock.advance(hours=1)
    response = send(desk, form, MAX)
    assert response.status == 409
    assert "It is not your turn" in words(response)
    assert desk.decisions == []


def test_who_comes_later_in_a_sequence_is_told_so() -> None:
    desk = waiting(SEQUENCE)
    response = look(desk, GRACE)
    assert response.status == 200
    assert "others are asked before you" in words(response)
