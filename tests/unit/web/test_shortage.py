"""Who is left out because they may be the requester: on the page, for programs, for owners."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from shared.domain.release import StageState
from shared.domain.shortage import Shortage
from shared.domain.transitions import move_stage
from shared.ports import Mail
from shared.web import releases
from shared.web.http import Request
from tests.fakes import FakeLetters
from tests.openapi import faults
from tests.structure.source import ROOT
from tests.unit.web.browsing import document, look, words
from tests.unit.web.mails import HOSTILE, LETTERS, both
from tests.unit.web.samples import BERLIN, QUORUM
from tests.unit.web.support import ADA, GRACE, HOUR, POLICY, Desk, waiting

OWNER = "owner@example.com"


def short(**fields: Any) -> Desk:  # noqa: ANN401 (fields of shortages)
    """A release whose PROD waits for approvers."""
    desk = Desk()
    desk.pass_qa()
    shortage = Shortage(
        since=desk.now,
        expires_at=desk.now + timedelta(days=3),
        requester="A. Lovelace",
        is_registrant=True,
        required=2,
        available=1,
        left_out=(ADA, GRACE),
    )
    record = replace(desk.release.stages[1], shortage=replace(shortage, **fields))
    desk.save(move_stage(desk.release, record, StageState.WAITING, desk.now))
    return desk


def shown_of(desk: Desk) -> dict[str, Any]:
    return document(
        releases.get_release(desk.world.services, Request("GET", params={"id": desk.id}))
    )


def told(desk: Desk) -> Mail:
    return LETTERS.too_few_approvers(release=desk.release, stage="prod", to=OWNER)


def test_the_page_says_who_is_not_asked_and_why() -> None:
    desk = waiting(replace(POLICY, names={ADA: "Ada Lovelace"}), registered_by="A. Lovelace")
    desk.update(requester="A. Lovelace")
    text = words(look(desk, GRACE))
    assert (
        "Ada Lovelace (ada@example.com) may be the person who registered this model "
        "(“A. Lovelace”), so they are not asked."
    ) in text
    assert "grace@example.com may be" not in text
    assert "Ada Lovelace (ada@example.com) : nobody can answer" in text


def test_the_page_says_it_of_who_started_it_by_hand_and_of_stand_ins() -> None:
    desk = waiting(BERLIN, registered_by=None)
    desk.save(replace(desk.release, requested_by="Max"))
    desk.update(requester="Max")
    why = "max@example.com may be the person who started this release (“Max”), so they"
    assert why in words(look(desk))


def test_the_page_says_nothing_where_nobody_is_left_out() -> None:
    for desk in (waiting(QUORUM), waiting(replace(POLICY, requester_may_approve=True))):
        desk.update(requester=GRACE if desk.asked.terms.requester_may_approve else "Kent")
        assert "may be the person" not in words(look(desk))


def test_names_stay_text_on_one_line() -> None:
    desk = waiting(registered_by=HOSTILE)
    desk.update(requester=f"Ada \N{RIGHT-TO-LEFT OVERRIDE}{HOSTILE}" + "x" * 300)
    page = look(desk, GRACE)
    assert "<script>alert" not in page.body
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.body
    assert re.search(r"\(“Ada .{96}”\)", unescape(words(page)))


def test_programs_get_who_is_left_out() -> None:
    desk = waiting(POLICY)
    desk.update(requester="Ada Lovelace")
    assert shown_of(desk)["stages"][1]["ask"]["left_out"] == [ADA]
    assert shown_of(desk)["stages"][1]["shortage"] is None
    desk.update(requester="")
    asked = shown_of(desk)["stages"][1]["ask"]
    assert (asked["requester"], asked["left_out"]) == (None, [ADA, GRACE])


@pytest.mark.parametrize("requester", ["A. Lovelace", ""])
def test_programs_get_what_a_release_waits_for(requester: str) -> None:
    desk = short(requester=requester)
    shown = shown_of(desk)
    assert shown["stages"][1]["ask"] is None
    assert shown["stages"][1]["shortage"] == {
        "since": "2026-11-02T09:00:00.000Z",
        "expires_at": "2026-11-05T09:00:00.000Z",
        "required": 2,
        "available": 1,
        "requester": requester or None,
        "left_out": [ADA, GRACE],
    }
    assert faults(shown, "Release") == []
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in shown["stages"][1]["shortage"])


def test_owners_hear_what_is_missing_why_and_what_to_do() -> None:
    mail = told(short())
    assert (mail.to, mail.subject) == (
        OWNER,
        "Too few approvers for prod: diabetes-automl version 31",
    )
    missing = (
        "Stage prod needs 2 approvals and 1 can be asked: ada@example.com or "
        "grace@example.com may be the person who registered this model (“A. Lovelace”)."
    )
    for text in both(mail):
        for part in (
            missing,
            "pipeline diabetes",
            "add approvers to the pipeline and deploy it",
            "set requester_may_approve: true in the pipeline and deploy it",
            "5 Nov 2026, 09:00 UTC, the release ends as Expired",
            "https://modelgate.example/api/releases/",
        ):
            assert part in text.replace("\N{NO-BREAK SPACE}", " "), (part, text)


def test_one_mail_has_one_id_and_another_shortage_another_one() -> None:
    desk = short()
    fake = FakeLetters().too_few_approvers(release=desk.release, stage="prod", to=OWNER)
    later = short(since=desk.now + timedelta(seconds=HOUR))
    ids = [told(desk).operation_id, told(desk).operation_id, fake.operation_id]
    assert len(set(ids)) == 1
    assert told(later).operation_id not in ids
    assert told(desk).thread == desk.id


def test_what_registrants_call_themselves_stays_text_in_the_mail() -> None:
    mail = told(short(requester=HOSTILE, required=1, available=0))
    assert "<script>" not in mail.html
    assert "\nBcc" not in mail.text
    assert "Stage prod needs an approval and nobody can be asked" in both(mail)[1]
