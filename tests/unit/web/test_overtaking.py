"""Older versions and newer ones: which replaces which, and who says so."""

from dataclasses import replace

import pytest

from shared.domain.evidence import Skipped
from shared.domain.policy import Supersede
from shared.domain.release import ModelVersion, Outcome, ReleaseId
from tests.unit.web.browsing import (
    filled,
    look,
    page,
    say,
    send,
    words,
)
from tests.unit.web.mails import both, request
from tests.unit.web.samples import CURRENT
from tests.unit.web.support import (
    MODEL,
    POLICY,
    Desk,
    waiting,
)

NEWER = replace(CURRENT, source=ModelVersion(MODEL.name, "32"), is_newer=True)


def test_older_overtakes_newer_only_where_a_person_says_so() -> None:
    desk = waiting(current=NEWER)
    assert "A newer version serves already" in words(look(desk))
    for choice, more in (("approve", {}), ("defer", {"effective_at": "2026-11-02T20:00"})):
        refused = say(desk, choice, **more)
        assert refused.status == 400
        assert "may replace version 32, which is newer" in words(refused)
    assert desk.decisions == []
    assert say(desk, "approve", overtakes="yes").status == 200
    assert desk.decisions[0].overtakes == "32"
    assert desk.events[-1].message.endswith("prod, in place of the newer version 32")


def test_what_is_suspended_asks_for_no_word_on_overtaking() -> None:
    desk = waiting(current=NEWER)
    form = filled(desk, "approve")
    desk.update(degraded=("QA answers 500",))
    text = page(send(desk, form))
    assert 'href="#overtakes"' not in text
    assert 'href="#choice-reject"' in text


def test_a_rejection_overtakes_nothing() -> None:
    desk = waiting(current=NEWER)
    assert say(desk, "reject", comment="Old.").status == 200
    other = waiting(current=NEWER)
    assert say(other, "reject", comment="Old.", overtakes="yes").status == 200
    assert [each.overtakes for each in (*desk.decisions, *other.decisions)] == [None, None]


def test_nothing_is_overtaken_where_what_serves_is_older() -> None:
    desk = waiting(current=CURRENT)
    assert 'name="overtakes"' not in page(look(desk))
    say(desk, "approve", overtakes="yes")
    assert desk.decisions[0].overtakes is None


@pytest.mark.parametrize("supersede", list(Supersede))
def test_older_ones_are_ended_where_the_policy_lets_people_say_so(supersede: Supersede) -> None:
    desk = waiting(replace(POLICY, supersede=supersede))
    older = Desk(desk.world, ModelVersion(MODEL.name, "30"))
    older.pass_qa()
    older.ask(POLICY)
    html = page(look(desk))
    assert "Also waiting for prod" in html
    assert (f'name="replaces" value="{older.id}"' in html) is (supersede is Supersede.ASK)
    assert say(desk, "approve", replaces=f"{older.id} {desk.id} other").status == 200
    assert desk.decisions[0].replaces == ((older.id,) if supersede is Supersede.ASK else ())


def test_an_older_one_that_the_page_did_not_name_is_not_ended() -> None:
    desk = waiting(replace(POLICY, supersede=Supersede.ASK))
    form = filled(desk, "approve", replaces="some-other-release")
    older = Desk(desk.world, ModelVersion(MODEL.name, "30"))
    older.pass_qa()
    older.ask(POLICY)
    assert send(desk, form).status == 200
    assert desk.decisions[0].replaces == ()


def test_a_skipped_version_is_shown_as_it_is_by_now() -> None:
    model = ModelVersion(MODEL.name, "30")
    shown = Skipped("30", None, Desk(model=model).id, None, "It is still under way.")
    desk = waiting(skipped=(shown,))
    older = Desk(desk.world, model)
    assert "It is still under way." in words(look(desk))
    older.end(Outcome.REJECTED, "Rejected by rob: R2 fell.")
    text = words(look(desk))
    assert "It is still under way." not in text
    assert "R2 fell." in text


def test_that_it_is_not_known_what_was_skipped_is_said_on_page_and_mail() -> None:
    note = "Whether it is older is not known."
    desk = waiting(current=CURRENT, skipped_note=note)
    text = words(look(desk))
    assert f"What you also accept {note}" in text
    assert "Which versions were skipped is not known" in text
    assert all(note in form for form in both(request(desk, skipped_note=note)))


def test_a_rejection_ends_no_older_ones() -> None:
    desk = waiting(replace(POLICY, supersede=Supersede.ASK))
    older = Desk(desk.world, ModelVersion(MODEL.name, "30"))
    older.pass_qa()
    older.ask(POLICY)
    assert say(desk, "reject", comment="No.", replaces=older.id).status == 200
    assert desk.decisions[0].replaces == ()


def test_a_superseded_release_names_the_newer_one() -> None:
    desk = waiting()
    newer = Desk(desk.world, ModelVersion(MODEL.name, "32"))
    form = filled(desk, "approve")
    desk.save(replace(desk.release, superseded_by=newer.id))
    for response, status in ((look(desk), 410), (send(desk, form), 409)):
        assert response.status == status
        assert "A newer version takes its place" in words(response)
        assert "diabetes-automl version 32 (release" in words(response)
        assert newer.id in words(response)
        assert "It ends in a moment." in words(response)
    assert desk.decisions == []


def test_an_approval_that_a_newer_version_came_before_is_superseded_all_the_same() -> None:
    desk = waiting()
    say(desk, "approve", comment="Go.")
    desk.save(replace(desk.release, superseded_by=ReleaseId("newer")))
    text = words(look(desk))
    assert "A newer version takes its place" in text
    assert "Go." in text


def test_a_successor_that_cannot_be_found_is_no_trouble() -> None:
    desk = waiting()
    desk.save(replace(desk.release, superseded_by=ReleaseId("gone")))
    assert "A newer version takes the place of" in words(look(desk))
