"""Whatever is stored of a release, its document and its page are answered."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.adapters.store.documents import decode, encode
from shared.bindings import to_http
from shared.domain.ask import Purpose, mail_key
from shared.domain.errors import StepError, technical
from shared.domain.evidence import Answered, Comparison, Difference
from shared.domain.pipeline import Json
from shared.domain.release import Outcome
from shared.ports import UNREADABLE
from shared.web import releases
from shared.web.approvals import show_approval
from shared.web.http import Request, Response, guarded
from shared.web.revoking import revoke_links
from tests.openapi import faults
from tests.unit.adapters.test_store_documents import ASKS, JSON
from tests.unit.web.browsing import getting, say, sending
from tests.unit.web.samples import QUORUM, SEQUENCE
from tests.unit.web.support import ADA, POLICY, Desk, waiting

LONE = "half \ud83d of a character"

ANY_JSON: st.SearchStrategy[Json] = JSON | st.sampled_from(
    [float("nan"), float("inf"), -(10**4000), LONE, {"a": [LONE, float("nan")]}]
)

OFFSETS = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))


def sent(response: Response) -> tuple[int, str]:
    """What the host gets."""
    answer = to_http(response)
    return answer.status_code, answer.get_body().decode()


def strict(text: str) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    found: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return found


def told(desk: Desk) -> dict[str, Any]:
    request = Request("GET", params={"id": desk.id})
    status, text = sent(guarded(releases.get_release)(desk.world.services, request))
    assert status == 200, text
    document = strict(text)
    assert faults(document, "Release") == []
    return document


def shown(desk: Desk) -> str:
    status, text = sent(show_approval(desk.world.services, getting(desk.token())))
    assert status == 200, text
    return text


def compared(answer: Json, current: Json = None) -> Desk:
    found = Comparison(
        "{}",
        Answered(200, 0.1, answer),
        Answered(200, 0.1, current),
        differences=(Difference("x", current, answer),),
        difference_count=1,
    )
    changes = (Difference("metrics.r2", current, answer), Difference("files.a", answer, current))
    return waiting(POLICY, comparisons=(found,), changes=changes, schema=answer)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ANY_JSON, ANY_JSON)
@example(float("nan"), 1)
@example(10**4000, 1)
@example(LONE, {LONE: LONE})
def test_any_answer_of_a_model_is_shown(answer: Json, current: Json) -> None:
    desk = compared(answer, current)
    told(desk)
    shown(desk)


def test_numbers_that_json_lacks_are_text() -> None:
    (comparison,) = told(compared([float("nan"), float("inf"), -float("inf")]))["evidence"][0][
        "comparisons"
    ]
    assert comparison["candidate"]["body"] == ["NaN", "Infinity", "-Infinity"]


@settings(max_examples=60, deadline=None)
@given(st.datetimes(timezones=st.timezones() | OFFSETS))
@example(datetime.min.replace(tzinfo=UTC))
@example(datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))))
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=12))))
def test_any_time_is_shown(at: datetime) -> None:
    for zone in ("America/New_York", "Pacific/Kiritimati"):
        desk = waiting(replace(POLICY, time_zone=zone), registered_at=at)
        desk.save(replace(desk.release, registered_at=at))
        told(desk)
        shown(desk)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("voice", [None, "release managers for us-1"])
def test_every_mail_is_told(purpose: Purpose, voice: str | None) -> None:
    desk = waiting()
    desk.update(mailed=(mail_key(purpose, 2, ADA, voice),), refused=(mail_key(purpose, 3, ADA),))
    asked = told(desk)["stages"][1]["ask"]
    assert asked["mailed"] == [
        {"purpose": purpose.value, "number": 2, "person": ADA, "voice": voice}
    ]
    assert asked["refused"][0]["number"] == 3


def test_links_that_are_revoked_after_an_answer_leave_the_release_readable() -> None:
    desk = waiting(QUORUM)
    say(desk, "approve")
    order = sending({"by": "Ann"}, id=desk.id)
    answer = guarded(revoke_links)(desk.world.services, order, desk.world.orchestrations)
    assert answer.status == 202
    desk.update(mailed=(mail_key(Purpose.NEW_LINK, desk.asked.series, ADA),))
    assert told(desk)["stages"][1]["ask"]["mailed"][0]["purpose"] == "new-link"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_ask_that_is_stored_is_told(data: st.DataObject) -> None:
    ask = data.draw(ASKS)
    desk = waiting(SEQUENCE)
    record = replace(desk.release.stages[1], ask=replace(ask, number=1))
    desk.save(desk.release.with_stage(record))
    status, text = sent(
        guarded(releases.get_release)(desk.world.services, Request("GET", params={"id": desk.id}))
    )
    assert status == 200, text
    strict(text)


@pytest.mark.parametrize("part", ["evidence", "decisions", "fetches"])
@pytest.mark.parametrize("code", UNREADABLE)
def test_a_part_that_another_version_wrote_does_not_hide_the_rest(part: str, code: str) -> None:
    desk = waiting()
    say(desk, "approve")
    failure = technical(code, "Row r of p has schema 9. Deploy the version that wrote it.").failure
    desk.world.store.faults.add(part, failure)
    document = told(desk)
    assert document["unreadable"] == [failure.message]
    assert document[part] == []
    others = {"evidence", "decisions"} - {part}
    assert all(document[each] for each in others)
    assert told(desk)["unreadable"] == []


def test_a_store_that_does_not_answer_is_no_part_that_cannot_be_read() -> None:
    desk = waiting()
    desk.world.store.faults.add("decisions")
    request = Request("GET", params={"id": desk.id})
    assert guarded(releases.get_release)(desk.world.services, request).status == 503


def test_an_outcome_of_a_newer_version_is_said_to_be_one() -> None:
    desk = waiting()
    desk.end(Outcome.REJECTED, "no")
    row = {"RowKey": "r", "PartitionKey": "p", **encode(desk.release)}
    row["document"] = str(row["document"]).replace('"Rejected"', '"Postponed"')
    with pytest.raises(StepError, match="Deploy the version that wrote it"):
        decode(type(desk.release), row)
