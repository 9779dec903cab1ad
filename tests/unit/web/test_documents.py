"""What programs read of asks, answers and evidence."""

import re
from typing import Any

from shared.domain.evidence import Difference
from shared.web import releases
from shared.web.http import Request
from tests.structure.source import ROOT
from tests.unit.web.browsing import BROWSER, document, look, say
from tests.unit.web.samples import BERLIN, BOSS, FULL, MAX
from tests.unit.web.support import (
    ADA,
    DIGEST,
    GRACE,
    OPERATION,
    Desk,
    waiting,
)


def shown_of(desk: Desk) -> dict[str, Any]:
    """A release as programs get it."""
    response = releases.get_release(desk.world.services, Request("GET", params={"id": desk.id}))
    return document(response)


def test_an_ask_is_shown_with_its_policy_and_its_mails() -> None:
    desk = waiting(BERLIN)
    desk.update(
        mailed=(f"request-0 {ADA}", f"reminder-2 {MAX} for {ADA}"),
        refused=(f"escalation-0 {BOSS} for {ADA}", GRACE),
        degraded=("answered 500",),
        series=3,
        requester="Max",
    )
    shown = shown_of(desk)
    asked = shown["stages"][1]["ask"]
    policy = asked.pop("policy")
    assert asked == {
        "number": 1,
        "asked_at": "2026-11-02T09:00:00.000Z",
        "expires_at": "2026-11-06T09:00:00.000Z",
        "digest": DIGEST,
        "approvers": [ADA, GRACE],
        "requester": "Max",
        "left_out": [MAX],
        "used": False,
        "series": 3,
        "mailed": [mail("request", 0, ADA), mail("reminder", 2, MAX, ADA)],
        "refused": [mail("escalation", 0, BOSS, ADA), mail("request", 0, GRACE)],
        "probed_at": "2026-11-02T09:00:00.000Z",
        "degraded": ["answered 500"],
        "unprobed": None,
        "overtakes": None,
    }
    assert policy == {
        "voices": [{"name": ADA, "members": [ADA]}, {"name": GRACE, "members": [GRACE]}],
        "required": 1,
        "order": "any",
        "reject": "first",
        "timeout_seconds": 345_600.0,
        "reminders_seconds": [],
        "escalation": {"after_seconds": 43_200.0, "to": [BOSS]},
        "delegations": [
            {
                "of": ADA,
                "to": MAX,
                "begins_at": "2026-11-01T00:00:00.000Z",
                "ends_at": "2026-11-20T00:00:00.000Z",
            }
        ],
        "requester_may_approve": False,
        "time_zone": "Europe/Berlin",
        "hours": {"days": [0, 1, 2, 3, 4], "opens": "09:00", "closes": "17:00"},
        "freezes": [
            {
                "begins_at": "2026-11-03T17:00:00.000Z",
                "ends_at": "2026-11-04T06:00:00.000Z",
                "reason": "end of the quarter",
            }
        ],
        "require_sign_in": False,
        "supersede": "ask",
        "probe_seconds": 3600.0,
        "names": {},
        "instructions": "",
    }


def mail(purpose: str, number: int, person: str, voice: str | None = None) -> dict[str, Any]:
    return {"purpose": purpose, "number": number, "person": person, "voice": voice}


def test_decisions_are_shown_with_all_that_goes_with_them() -> None:
    desk = waiting(BERLIN)
    say(desk, "defer", effective_at="2026-11-02T12:00", comment="Later.")
    shown = shown_of(desk)
    assert shown["decisions"] == [
        {
            "stage": "prod",
            "ask": 1,
            "approver": ADA,
            "revision": 1,
            "choice": "defer",
            "comment": "Later.",
            "at": "2026-11-02T09:00:00.000Z",
            "effective_at": "2026-11-02T11:00:00.000Z",
            "to": None,
            "overtakes": None,
            "replaces": [],
            "signed_in": False,
            "digest": DIGEST,
        }
    ]


def test_evidence_is_shown_with_all_its_parts() -> None:
    desk = waiting(**FULL)
    shown = shown_of(desk)
    [evidence] = shown["evidence"]
    assert evidence["files"][0] == {"name": "MLmodel", "size": 1200, "etag": "e1", "md5": "m1"}
    assert evidence["schema"] == FULL["schema"]
    assert evidence["current"] == {
        "deployment": "v29-1234abcd",
        "percent": 100,
        "model": {"name": "diabetes-automl-production", "version": "29"},
        "source": {"name": "diabetes-automl", "version": "29"},
        "release_id": "diabetes-automl-29",
        "registered_at": "2026-10-01T08:00:00.000Z",
        "is_newer": False,
    }
    [comparison] = evidence["comparisons"]
    assert comparison["candidate"]["body"] == {"result": [151.23], "label": "high"}
    assert comparison["current"]["latency_seconds"] == 1.25
    assert comparison["differences"][1] == {
        "field": "result[0]",
        "before": 149.9,
        "after": 151.23,
    }
    assert (comparison["difference_count"], comparison["note"]) == (2, None)
    assert evidence["changes"][0] == {"field": "metrics.r2_score", "before": 0.5, "after": 0.525}
    assert evidence["changes"][3] == {
        "field": "configuration.environment_variables.API_KEY",
        "before": "not shown",
        "after": "not shown",
    }
    assert evidence["skipped"] == [
        {
            "version": "30",
            "registered_at": "2026-10-15T09:00:00.000Z",
            "release_id": "diabetes-automl-30",
            "outcome": "Rejected",
            "words": "Rejected by grace@example.com: the intercept is off.",
            "rejections": ["grace@example.com: the intercept is off."],
        }
    ]
    assert evidence["skipped_more"] == 2
    assert evidence["checks"][1] == {
        "name": "Quota in wk-prod",
        "passed": None,
        "words": "Azure does not tell.",
    }


def test_what_has_opened_links_is_shown() -> None:
    desk = waiting()
    look(desk)
    desk.world.clock.advance(minutes=1)
    look(desk)
    look(desk, GRACE, headers={"user-agent": "SafeLinks"})
    shown = shown_of(desk)
    person, automatic = shown["fetches"]
    assert person == {
        "stage": "prod",
        "ask": 1,
        "person": ADA,
        "kind": "person",
        "why": BROWSER,
        "first_at": "2026-11-02T09:00:00.000Z",
        "last_at": "2026-11-02T09:01:00.000Z",
        "count": 2,
    }
    assert (automatic["person"], automatic["kind"], automatic["why"]) == (
        GRACE,
        "automatic",
        "SafeLinks",
    )


def test_no_operation_url_no_token_no_code_and_no_variable_is_shown() -> None:
    changed = Difference("configuration", {"environment_variables": {"A": "hunter0"}}, None)
    desk = waiting(**FULL, changed_since=(changed,))
    look(desk)
    text = str(releases.get_release(desk.world.services, Request("GET", params={"id": desk.id})))
    assert OPERATION not in text
    assert "hunter" not in text
    assert desk.token() not in text
    assert desk.code() not in text
    assert "API_KEY" in text


def test_the_page_for_programs_names_every_field() -> None:
    desk = waiting(BERLIN, **FULL)
    say(desk, "approve")
    told = set(re.findall(r"`([a-z_0-9]+)`", (ROOT / "docs" / "api.md").read_text("utf-8")))
    assert names_in(shown_of(desk)) - told == set()


OPEN = {"tags", "properties", "schema", "configuration", "terms", "names", "body", "probes"}
"""Fields whose names are not the service's own."""


def names_in(value: object) -> set[str]:
    """The names of all fields in a document."""
    if isinstance(value, list):
        return {name for each in value for name in names_in(each)}
    if not isinstance(value, dict):
        return set()
    return value.keys() | {
        name for key, each in value.items() if key not in OPEN for name in names_in(each)
    }
