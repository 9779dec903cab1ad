"""Who else is asked, when answers take effect, and what else waits."""

from dataclasses import replace
from datetime import timedelta

from shared.domain.release import ModelVersion, Outcome
from tests.unit.web.browsing import look, say, words
from tests.unit.web.samples import (
    BERLIN,
    BOB,
    BOSS,
    MAX,
    QUORUM,
    SEQUENCE,
)
from tests.unit.web.support import (
    ADA,
    GRACE,
    LIN,
    MODEL,
    POLICY,
    Desk,
    waiting,
)


def text_of(desk: Desk, person: str = ADA) -> str:
    return words(look(desk, person)).replace("\N{NO-BREAK SPACE}", " ")


def test_two_people_of_whom_one_is_enough() -> None:
    text = text_of(waiting())
    assert "1 of these 2 have to approve." in text
    assert "All of them are asked at once. The first rejection ends it. 0 of 1 so far." in text


def test_who_is_asked_and_has_decided_is_told() -> None:
    desk = waiting(QUORUM)
    say(desk, "approve", GRACE, comment="Fine by us.")
    text = text_of(desk)
    for part in (
        "2 of these 3 have to approve.",
        "It is rejected once too few are left who could approve.",
        "1 of 2 so far.",
        "Ada Lovelace (ada@example.com) : not answered yet",
        f"release managers ( {GRACE}, {LIN} ) : answered".replace("( ", "(").replace(" )", ")"),
        f"{GRACE} approved it on 2 Nov 2026, 09:00 UTC .",
        "Fine by us.",
        f"{BOB} : not answered yet",
    ):
        assert part in text, part


def test_whose_turn_comes_later_is_told() -> None:
    text = text_of(waiting(SEQUENCE))
    assert "All of these 2 have to approve. They are asked one after another." in text
    assert f"{ADA} : not answered yet" in text
    assert f"{GRACE} : asked later" in text


def test_stand_ins_are_told_and_answers_that_wait_for_their_hour() -> None:
    desk = waiting(replace(BERLIN, required=2))
    assert f"{MAX} may answer for them." in text_of(desk)
    desk.world.clock.advance(hours=13)
    assert f"{BOSS} may answer for them." in text_of(desk, GRACE)
    say(desk, "approve")
    text = text_of(desk, GRACE)
    assert "Takes effect on 3 Nov 2026, 09:00 Europe/Berlin ." in text
    assert "Approve Takes effect on 3 Nov 2026, 09:00 Europe/Berlin, as one of 2" in text


def test_a_lonely_approver_is_told_no_rules() -> None:
    alone = replace(POLICY, voices=POLICY.voices[:1])
    text = text_of(waiting(alone))
    assert f"Who is asked {ADA} : not answered yet" in text


def test_hours_and_freezes_are_told_at_the_form() -> None:
    text = text_of(waiting(BERLIN))
    assert "Approve Takes effect at once." in text
    assert "Decisions take effect Monday to Friday, 09:00 to 17:00 (Europe/Berlin)." in text
    assert "No decision takes effect from 3 Nov 2026, 18:00 Europe/Berlin" in text
    assert "Takes effect from (Europe/Berlin)" in text


def test_others_at_the_same_gate_are_told() -> None:
    desk = waiting()
    for version, days in (("30", -1), ("32", 1)):
        rival = Desk(desk.world, ModelVersion(MODEL.name, version))
        registered = desk.now + timedelta(days=days)
        rival.save(replace(rival.release, registered_at=registered))
        rival.pass_qa()
        rival.ask(POLICY)
    text = text_of(desk)
    assert "Version 32 Newer. Registered 3 Nov 2026, 09:00 UTC ." in text
    assert "Version 30 Older. Registered 1 Nov 2026, 09:00 UTC ." in text


def test_releases_of_other_models_or_elsewhere_are_not_at_the_same_gate() -> None:
    desk = waiting()
    other = Desk(desk.world, ModelVersion("diabetes-other", "30"))
    other.pass_qa()
    other.ask(POLICY)
    ended = Desk(desk.world, ModelVersion(MODEL.name, "29"))
    ended.pass_qa()
    ended.ask(POLICY)
    ended.end(Outcome.ABORTED, "Stopped.")
    Desk(desk.world, ModelVersion(MODEL.name, "28"))
    assert "Also waiting" not in text_of(desk)
