"""Older versions and newer ones: which replaces which, and who says so."""

from dataclasses import replace

import pytest

from shared.domain.policy import Supersede
from shared.domain.release import ModelVersion
from tests.unit.web.browsing import (
    look,
    page,
    say,
    words,
)
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


def test_a_rejection_overtakes_nothing() -> None:
    desk = waiting(current=NEWER)
    assert say(desk, "reject", comment="Old.", overtakes="yes").status == 200
    assert desk.decisions[0].overtakes is None


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
    assert ('name="replaces_older"' in html) is (supersede is Supersede.ASK)
    assert say(desk, "approve", replaces_older="yes").status == 200
    assert desk.decisions[0].replaces_older is (supersede is Supersede.ASK)
