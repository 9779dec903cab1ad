"""The approval of a pipeline file: what each field becomes, and what editors know of it."""

import json
import re
from datetime import UTC, datetime, time
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.domain.policy import (
    ApprovalPolicy,
    Delegation,
    Escalation,
    Freeze,
    Hours,
    Order,
    Rejection,
    Supersede,
    Voice,
)
from tests.unit.pipelines.approvals import WHOLE, as_read, load, without, write

ROOT = Path(__file__).parents[3]
SCHEMA: Any = json.loads((ROOT / "pipelines/schema.json").read_text())
PAGE = (ROOT / "docs/approvals.md").read_text("utf-8")


def test_every_field_is_the_policys(tmp_path: Path) -> None:
    assert load(tmp_path, WHOLE) == ApprovalPolicy(
        voices=(
            Voice("lead@example.com", ("lead@example.com",)),
            Voice("ada@example.com", ("ada@example.com",)),
            Voice("risk", ("rita@example.com", "rob@example.com")),
        ),
        timeout_seconds=20 * 86400,
        required=2,
        order=Order.SEQUENCE,
        reject=Rejection.QUORUM,
        reminders_seconds=(86400, 7 * 86400),
        escalation=Escalation(3 * 86400, ("boss@example.com",)),
        delegations=(
            Delegation(
                "lead@example.com",
                "deputy@example.com",
                datetime(2026, 12, 19, 23, tzinfo=UTC),
                datetime(2027, 1, 3, 23, tzinfo=UTC),
            ),
            Delegation(
                "rob@example.com",
                "deputy@example.com",
                datetime(2026, 7, 1, 6, tzinfo=UTC),
                datetime(2026, 7, 2, 12, 30, tzinfo=UTC),
            ),
        ),
        requester_may_approve=True,
        time_zone="Europe/Berlin",
        hours=Hours((0, 4), time(9), time(17)),
        freezes=(
            Freeze(
                datetime(2026, 12, 19, 23, tzinfo=UTC),
                datetime(2027, 1, 2, 23, tzinfo=UTC),
                "year end",
            ),
            Freeze(datetime(2026, 6, 1, 18, tzinfo=UTC), datetime(2026, 6, 2, 22, tzinfo=UTC)),
        ),
        require_sign_in=True,
        supersede=Supersede.ASK,
        probe_seconds=600,
        names={
            "ada@example.com": "Ada Lovelace",
            "rob@example.com": "Roy, Rob",
            "deputy@example.com": "Dee",
        },
        instructions="Look twice.",
    )


def test_what_is_left_out_is_as_the_domain_has_it(tmp_path: Path) -> None:
    ada = "ada@example.com"
    expected = ApprovalPolicy((Voice(ada, (ada,)),), timeout_seconds=30 * 86400)
    assert load(tmp_path, f"      approvers: [{ada}]\n") == expected


def test_settings_stand_for_values(tmp_path: Path) -> None:
    settings = {
        "WHO": "Ada <ada@example.com>",
        "NUMBER": "all",
        "ORDER": "sequence",
        "ZONE": "Asia/Tokyo",
        "FROM": "08:30",
        "SINCE": "2026-12-20",
        "SIGN_IN": "true",
    }
    text = without(
        ("required", "order", "time_zone", "hours", "freeze", "require_sign_in"),
        "required: ${NUMBER}\norder: ${ORDER}\ntime_zone: ${ZONE}\n"
        'hours: {from: "${FROM}", to: "17:00"}\nrequire_sign_in: ${SIGN_IN}\n'
        'freeze: [{from: "${SINCE}", until: "${SINCE}"}]',
    ).replace("- Ada Lovelace <Ada@example.com>", "- ${WHO}")
    policy = load(tmp_path, text, settings)
    assert (policy.required, policy.order, policy.require_sign_in) == (None, Order.SEQUENCE, True)
    assert policy.hours == Hours((0, 1, 2, 3, 4), time(8, 30), time(17))
    assert policy.names["ada@example.com"] == "Ada"
    [freeze] = policy.freezes
    assert freeze.begins_at == datetime(2026, 12, 19, 15, tzinfo=UTC)
    assert Draft202012Validator(SCHEMA).is_valid(as_read(tmp_path))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("required: all", None),
        ("required: 3", 3),
        ('required: "3"', 3),
    ],
)
def test_voices_are_counted(tmp_path: Path, written: str, meant: int | None) -> None:
    assert load(tmp_path, WHOLE.replace("required: 2", written)).required == meant


@pytest.mark.parametrize("quote", ["", '"', "'"])
@pytest.mark.parametrize(
    ("begins", "ends", "meant"),
    [
        ("09:00", "17:00", (time(9), time(17))),
        ("9:00", "9:59", (time(9), time(9, 59))),
        ("00:00", "23:59", (time(0), time(23, 59))),
        ("0:30", "12:05", (time(0, 30), time(12, 5))),
    ],
)
def test_times_are_what_is_written_with_quotes_or_without(
    tmp_path: Path, quote: str, begins: str, ends: str, meant: tuple[time, time]
) -> None:
    """In YAML 1.1 17:00 is the number 1020, and 09:00 is a text."""
    told = f"hours: {{from: {quote}{begins}{quote}, to: {quote}{ends}{quote}}}"
    hours = load(tmp_path, without(("hours",), told)).hours
    assert hours is not None
    assert (hours.opens, hours.closes) == meant


def test_a_day_that_begins_an_hour_late_is_whole(tmp_path: Path) -> None:
    """In Beirut clocks go from 00:00 to 01:00 in spring."""
    told = "time_zone: Asia/Beirut\nfreeze: [{from: 2026-03-29, until: 2026-03-29}]"
    [freeze] = load(tmp_path, without(("time_zone", "freeze"), told)).freezes
    assert freeze.begins_at == datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert freeze.ends_at == datetime(2026, 3, 29, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    "name", ["Ada King", "King, Ada", "00b7ad33-7b6f-41d8-9e9c-4a1f0e4e7a55"], ids=str
)
def test_a_name_is_who_azure_may_call_the_creator(tmp_path: Path, name: str) -> None:
    text = WHOLE.replace("Ada Lovelace <Ada@example.com>", f"'{name} <ada@example.com>'")
    policy = load(tmp_path, text)
    assert policy.names["ada@example.com"] == name
    assert policy.is_called("ada@example.com", name)
    assert not policy.is_called("rita@example.com", name)


def test_editors_take_the_whole_and_explain_all_of_it(tmp_path: Path) -> None:
    write(tmp_path, WHOLE)
    Draft202012Validator(SCHEMA).validate(as_read(tmp_path))
    known = SCHEMA["$defs"]["ApprovalFields"]["properties"]
    assert [name for name in known if f"      {name}:" not in WHOLE] == []
    for name, field in known.items():
        described = [field, *field.get("anyOf", [])]
        assert any(each.get("description") for each in described), name


@pytest.mark.parametrize(
    "written",
    [
        "approvers: []",
        "approvers: [lead]",
        "approvers: [{group: risk}]",
        "approvers: [{group: risk, members: []}]",
        "required: 0",
        "required: some",
        "order: random",
        "reminders: [tomorrow]",
        "escalate: {after: 1d}",
        "delegates: [{for: lead@example.com, to: deputy@example.com}]",
        "hours: {from: 9, to: 17:00}",
        "hours: {days: [monday], from: 9:00, to: 17:00}",
        "freeze: [{from: 20 December, until: 2026-12-24}]",
        "supersede: drop",
        "colour: red",
    ],
)
def test_editors_see_what_is_wrong(tmp_path: Path, written: str) -> None:
    field = written.partition(":")[0]
    write(tmp_path, without((field,), written))
    assert not Draft202012Validator(SCHEMA).is_valid(as_read(tmp_path))


def test_the_page_shows_a_policy_that_loads_and_explains_every_field(tmp_path: Path) -> None:
    [example] = re.findall(r"^```yaml\napproval:\n(.+?)^```", PAGE, re.DOTALL | re.MULTILINE)
    policy = load(tmp_path, indent(example, "    "))
    assert (policy.required, policy.order, len(policy.voices)) == (2, Order.SEQUENCE, 3)
    fields = list(SCHEMA["$defs"]["ApprovalFields"]["properties"])
    assert re.findall(r"^  (\w+):", example, re.MULTILINE) == fields
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == fields
