"""Answers that are not taken, and what the page says of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.web.approvals import decide
from shared.web.filled import PAGE_SECONDS
from tests.unit.web.browsing import (
    filled,
    look,
    nonce_on,
    page,
    posting,
    say,
    send,
    words,
)
from tests.unit.web.samples import BERLIN, MAX, QUORUM
from tests.unit.web.support import (
    ADA,
    GRACE,
    Desk,
    waiting,
)


def refused(desk: Desk, form: Mapping[str, str], said: str) -> str:
    """Send a form that is not taken; the page that says so."""
    response = send(desk, form)
    assert response.status == 400
    html = page(response)
    assert said in words(response)
    assert 'role="alert"' in html
    assert "Nothing has been decided" in html
    assert desk.decisions == []
    assert desk.world.orchestrations.rung == []
    return html


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"choice": ""}, "choice-approve", "Choose what you say."),
        ({"choice": "maybe"}, "choice-approve", "Choose what you say."),
        ({"choice": "Choice.APPROVE"}, "choice-approve", "Choose what you say."),
        ({"choice": "reject"}, "comment", "Say in the comment why"),
        ({"choice": "reject", "comment": " \r\n\x00 "}, "comment", "Say in the comment why"),
        ({"comment": "x" * 2_001}, "comment", "has 2,001 characters; it may have 2,000 at most"),
        ({"version": ""}, "version", "Type the version of the model"),
        ({"version": "30"}, "version", "This is not the version"),
        ({"version": "31.0"}, "version", "This is not the version"),
        ({"version": "031"}, "version", "This is not the version"),
        ({"version": "version 31"}, "version", "This is not the version"),
        ({"code": ""}, "code", "Type the code that is in the mail"),
        ({"code": "AAAA-AAAA"}, "code", "This is not the code"),
        ({"nonce": ""}, "decide", "open for too long, or is none of ours"),
        ({"nonce": "nonsense"}, "decide", "open for too long, or is none of ours"),
        ({"choice": "defer"}, "effective_at", "Write the day and the time"),
        ({"choice": "defer", "effective_at": "soon"}, "effective_at", "Write the day and the time"),
        (
            {"choice": "defer", "effective_at": "2026-11-02T09:00"},
            "effective_at",
            "has passed already",
        ),
        (
            {"choice": "defer", "effective_at": "2026-11-03T09:00"},
            "effective_at",
            "until 3 Nov 2026, 09:00 UTC at most",
        ),
        ({"choice": "defer", "effective_at": "2026-02-30T09:00"}, "effective_at", "no such day"),
        ({"choice": "defer", "effective_at": "9999-12-31T23:59"}, "effective_at", "at most"),
        ({"choice": "reassign", "to": GRACE}, "choice-approve", "There is nobody to whom"),
    ],
)
def test_an_incomplete_answer_gets_the_page_back_with_what_was_written(
    form: dict[str, str], field: str, said: str
) -> None:
    desk = waiting()
    html = refused(desk, filled(desk, "approve") | form, said)
    assert f'<a href="#{field}">' in html
    assert f'id="{field}"' in html
    for name in form.keys() & {"version", "code", "effective_at"}:
        assert f'value="{form[name]}"' in html


def test_all_mistakes_are_told_together_and_all_that_was_typed_is_kept() -> None:
    desk = waiting(BERLIN)
    form = filled(desk, "defer", effective_at="2026-11-01T09:00", comment="x" * 2_001)
    html = refused(desk, form | {"version": "30", "to": MAX}, "has passed already")
    for said in ("has 2,001 characters", "This is not the version"):
        assert html.count(said) == 2  # in the list, and at the field
    assert 'value="defer" id="choice-defer" aria-describedby="about-defer" checked' in html
    assert 'value="2026-11-01T09:00"' in html
    assert f'value="{desk.code()}"' in html
    assert f'<option value="{MAX}" selected>' in html
    assert "x" * 2_001 in html
    assert html.partition("</style>")[2].count('aria-invalid="true"') == 3
    assert "<title>Not taken: Approve diabetes-automl version 31 for prod?" in html


def test_the_page_that_comes_back_can_be_sent() -> None:
    desk = waiting()
    response = send(desk, filled(desk, "approve", version="30"))
    form = filled(desk, "approve", nonce=nonce_on(response))
    assert send(desk, form).status == 200


def test_a_page_is_answered_within_half_a_day() -> None:
    desk = waiting()
    form = filled(desk, "approve")
    desk.world.clock.advance(seconds=PAGE_SECONDS + 1)
    refused(desk, form, "open for too long")
    form = filled(desk, "approve")
    desk.world.clock.advance(seconds=PAGE_SECONDS - 1 - 11 * 3600)
    assert send(desk, form).status == 200


@pytest.mark.parametrize("choice", ["approve", "defer"])
def test_approving_is_suspended_while_the_stage_before_does_not_answer_as_it_should(
    choice: str,
) -> None:
    desk = waiting()
    form = filled(desk, choice, effective_at="2026-11-02T20:00", comment="Looks fine.")
    desk.update(degraded=("v31 on api-diabetes-qa: answered 500 instead of 200",))
    response = send(desk, form)
    assert response.status == 409
    assert "Approving is suspended until this has recovered" in words(response)
    assert "answered 500 instead of 200" in words(response)
    assert "Looks fine." in page(response)
    assert desk.decisions == []
    desk.update(degraded=())
    assert say(desk, choice, effective_at="2026-11-02T20:00").status == 200


def test_rejecting_is_never_suspended() -> None:
    desk = waiting()
    desk.update(degraded=("answered 500 instead of 200",))
    shown = page(look(desk))
    assert 'value="approve"' not in shown
    assert 'value="defer"' not in shown
    assert say(desk, "reject", comment="It broke.").status == 200


def test_a_time_that_the_clock_jumps_over_is_no_time() -> None:
    desk = waiting(replace(BERLIN, timeout_seconds=200 * 86_400.0))
    response = say(desk, "defer", effective_at="2027-03-28T02:30")
    assert "clocks go forward then" in words(response)
    assert desk.decisions == []


@pytest.mark.parametrize("to", ["", "mallory@example.com", GRACE])
def test_a_voice_is_handed_to_those_alone_whom_the_policy_allows(to: str) -> None:
    desk = waiting(BERLIN)
    html = refused(desk, filled(desk, "reassign", to=to), "Choose who is to answer")
    assert '<a href="#to">' in html
    assert 'id="to"' in html


def test_nobody_hands_on_to_someone_who_has_a_voice_of_their_own() -> None:
    desk = waiting(QUORUM)
    assert 'value="reassign"' not in page(look(desk))
    assert say(desk, "reassign", to=GRACE).status == 400
    assert desk.decisions == []


def test_a_decision_that_would_come_too_late_is_none() -> None:
    desk = waiting(QUORUM)
    form = filled(desk, "approve")
    desk.world.clock.time = desk.asked.expires_at - timedelta(microseconds=1)
    desk.world.store.faults.add("note_fetch")
    assert say(desk, "approve", GRACE).status == 200
    response = send(desk, form)
    assert response.status == 410
    assert [each.approver for each in desk.decisions] == [GRACE]


def test_a_huge_body_is_refused_before_it_is_looked_at() -> None:
    desk = waiting()
    assert say(desk, "approve", comment="x" * 100_000).status == 413
    assert desk.decisions == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "", "multipart/form-data"]
)
def test_another_content_type_is_refused(content_type: str) -> None:
    desk = waiting()
    request = replace(
        posting(desk.token(), filled(desk, "approve")), headers={"content-type": content_type}
    )
    response = decide(desk.world.services, request, desk.world.orchestrations)
    assert response.status == 415
    assert desk.decisions == []


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_a_form_on_another_site_decides_nothing(site: str, status: int) -> None:
    desk = waiting()
    request = posting(desk.token(), filled(desk, "approve"))
    told = replace(request, headers={**request.headers, "sec-fetch-site": site})
    assert decide(desk.world.services, told, desk.world.orchestrations).status == status
    assert len(desk.decisions) == (1 if status == 200 else 0)


def test_whoever_has_the_address_of_the_page_alone_decides_nothing() -> None:
    """As a log has it: page, version, and all but the code."""
    desk = waiting()
    for code in ("", "0000-0000", desk.code(GRACE)):
        assert send(desk, filled(desk, "approve", code=code)).status == 400
    assert desk.decisions == []
    assert desk.code(ADA) not in page(look(desk))
