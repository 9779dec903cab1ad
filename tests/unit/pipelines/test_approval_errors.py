"""Every kind of mistake in an approval is told with file, line and field; all at once."""

from pathlib import Path

import pytest

from tests.unit.pipelines.approvals import PIPELINE, WHOLE, line_of, problems, without

LEAD, RITA, ROB = "lead@example.com", "rita@example.com", "rob@example.com"
ADA, BOSS, DEE = "ada@example.com", "boss@example.com", "deputy@example.com"

PERSON = "is no mail address, nor one with a name, as in Ada <ada@example.com>"
COUNT = "write how many have to approve, from 1 on, or all"
DURATION = "write a duration as a number and ms, s, m, h or d, for example 30m"
DATE = "write a date such as 2026-12-20, or a date-time such as 2026-12-20 18:00"
CLOCK = "write a time of day from 00:00 to 23:59, for example 09:00"
NONE = "List should have at least 1 item after validation, not 0"
LATER = "is not later than from"
VOICE = "has a voice already: a person has one voice"


def standing_in(
    who: str = LEAD, to: str = DEE, since: str = "2026-12-20", until: str = "2026-12-21"
) -> str:
    return f"delegates: [{{for: {who}, to: {to}, from: {since}, until: {until}}}]"


def frozen(since: str, until: str) -> str:
    return f"freeze: [{{from: {since}, until: {until}}}]"


def escalated(after: str, to: str) -> str:
    return f"escalate: {{after: {after}, to: [{to}]}}"


PEOPLE = [
    ("approvers: []", f"approvers: {NONE}"),
    ("approvers: [lead]", f"approvers[0]: {PERSON}"),
    ("approvers: [7]", f"approvers[0]: {PERSON}"),
    ("approvers: [Ada <ada>]", f"approvers[0]: {PERSON}"),
    ("approvers: [Ada <a@b.c> <d@b.c>]", f"approvers[0]: {PERSON}"),
    ("approvers: [{group: risk}]", "approvers[0]: members is missing"),
    ("approvers: [{members: [a@b.c]}]", "approvers[0]: group is missing"),
    ("approvers: [{group: risk, members: []}]", f"approvers[0].members: {NONE}"),
    ("approvers: [{group: risk, members: [rob]}]", f"approvers[0].members[0]: {PERSON}"),
    (
        "approvers: [{group: risk@b.c, members: [a@b.c]}]",
        "approvers[0].group: looks like an address: write the group's name",
    ),
    (
        "approvers: [{group: '', members: [a@b.c]}]",
        "approvers[0].group: String should have at least 1 character",
    ),
    ("required: 0", f"required: {COUNT}"),
    ("required: none", f"required: {COUNT}"),
    ("required: true", f"required: {COUNT}"),
    ("required: 1.5", f"required: {COUNT}"),
    ("required: 4", "required: there are 3 voices only"),
    (escalated("1d", ""), f"escalate.to: {NONE}"),
    (escalated("1d", f"{BOSS}, Rita <{RITA}>"), f"escalate.to[1]: {RITA} {VOICE}"),
    (escalated("1d", f"{BOSS}, BOSS@example.com"), f"escalate.to[1]: {BOSS} is named already"),
    (standing_in(who="eve@example.com"), "delegates[0].for: eve@example.com is no approver"),
    (standing_in(who=BOSS), f"delegates[0].for: {BOSS} is no approver"),
    (standing_in(who="risk"), f"delegates[0].for: {PERSON}"),
    (standing_in(to="LEAD@example.com"), "delegates[0].to: nobody stands in for themselves"),
    (standing_in(who=RITA, to=ROB), f"delegates[0].to: {ROB} {VOICE}"),
    (
        standing_in(who=f"Ada L. <{ADA}>"),
        f"delegates[0].for: {ADA} is called Ada Lovelace elsewhere: use one name",
    ),
]

TIMES = [
    ("timeout: 31d", "timeout: Input should be less than or equal to 2592000"),
    ("reminders: [tomorrow]", f"reminders[0]: {DURATION}"),
    ("reminders: [0d]", "reminders[0]: Input should be greater than 0"),
    ("reminders: [2d, 1d]", "reminders[1]: is not later than the one before"),
    ("reminders: [1d, 24h]", "reminders[1]: is not later than the one before"),
    ("reminders: [1d, 20d]", "reminders[1]: is not shorter than the timeout"),
    (escalated("20d", BOSS), "escalate.after: is not shorter than the timeout"),
    (escalated("0s", BOSS), "escalate.after: Input should be greater than 0"),
    ("escalate: {after: 1d}", "escalate: to is missing"),
    (standing_in(until="2026-12-19"), "delegates[0].until: is before from"),
    (standing_in(until="2026-12-20 00:00"), f"delegates[0].until: {LATER}"),
    (standing_in(since="20 December"), f"delegates[0].from: {DATE}"),
    (
        f"delegates: [{{for: {LEAD}, to: {DEE}, from: 2026-12-20}}]",
        "delegates[0]: until is missing",
    ),
    ("time_zone: Berlin", "time_zone: Berlin is no IANA time zone such as Europe/Berlin"),
    ("time_zone: right/UTC", "time_zone: right/UTC is no IANA time zone such as Europe/Berlin"),
    ("time_zone: ../x", "time_zone: ../x is no IANA time zone such as Europe/Berlin"),
    ("hours: {from: 9:00, to: 9:00}", f"hours.to: {LATER}"),
    ("hours: {from: 17:00, to: 9:00}", f"hours.to: {LATER}"),
    ("hours: {from: 9, to: 17:00}", f"hours.from: {CLOCK}"),
    ("hours: {from: 1020, to: 17:00}", f"hours.from: {CLOCK}"),
    ("hours: {from: 9:00, to: 24:00}", f"hours.to: {CLOCK}"),
    ("hours: {from: 9:00, to: 17:00:00}", f"hours.to: {CLOCK}"),
    ("hours: {to: 17:00}", "hours: from is missing"),
    ("hours: {days: [], from: 9:00, to: 17:00}", f"hours.days: {NONE}"),
    ("hours: {days: [mon, mon], from: 9:00, to: 17:00}", "hours.days[1]: mon is named already"),
    (
        "hours: {days: [monday], from: 9:00, to: 17:00}",
        "hours.days[0]: Input should be 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'",
    ),
    (
        "hours: {from: 9:00, to: 17:00, time_zone: UTC}",
        "hours.time_zone: Extra inputs are not permitted",
    ),
    (frozen("2026-12-20", "2026-12-19"), "freeze[0].until: is before from"),
    (frozen("2026-12-20 10:00", "2026-12-20 10:00"), f"freeze[0].until: {LATER}"),
    (frozen("2026-02-31", "2026-03-01"), "freeze[0].from: cannot be read: 2026-02-31"),
    (frozen('"2026-02-31"', "2026-03-01"), f"freeze[0].from: {DATE}"),
    (frozen("0001-01-01", "2026-03-01"), f"freeze[0].from: {DATE}"),
    (frozen("2026-12-20", "9999-12-31"), f"freeze[0].until: {DATE}"),
    (frozen("2026-12-20", "2026-12-20 25:00"), f"freeze[0].until: {DATE}"),
    ("probe_every: 59s", "probe_every: Input should be greater than or equal to 60"),
    ("probe_every: 25h", "probe_every: Input should be less than or equal to 86400"),
]

CHOICES = [
    ("order: random", "order: Input should be 'any' or 'sequence'"),
    ("reject: never", "reject: Input should be 'first' or 'quorum'"),
    ("supersede: drop", "supersede: Input should be 'keep', 'replace' or 'ask'"),
    (
        "require_sign_in: maybe",
        "require_sign_in: Input should be a valid boolean, unable to interpret input",
    ),
    ("colour: red", "colour: Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("written", "told"), [*PEOPLE, *TIMES, *CHOICES])
def test_a_mistake_is_told_with_line_and_field(tmp_path: Path, written: str, told: str) -> None:
    text = without((written.partition(":")[0],), written)
    line = (PIPELINE + text).count("\n")
    assert problems(tmp_path, text) == [f"{line}: {told}"]


def test_a_person_has_one_voice(tmp_path: Path) -> None:
    twice = WHOLE.replace("Ada Lovelace <Ada@example.com>", "LEAD@example.com")
    assert problems(tmp_path, twice.replace("rita@", "rob@")) == [
        f"{line_of('Ada')}: approvers[1]: {LEAD} {VOICE}",
        f"{line_of('members')}: approvers[2].members[1]: {ROB} {VOICE}",
    ]


def test_two_groups_of_one_name_are_told(tmp_path: Path) -> None:
    group = "        - group: Risk\n          members: [eve@example.com]\n"
    text = WHOLE.replace("      required: 2\n", f"{group}      required: 2\n")
    line = line_of("required")
    assert problems(tmp_path, text) == [f"{line}: approvers[3].group: another group is called Risk"]


def test_more_voices_than_there_are_cannot_be_required(tmp_path: Path) -> None:
    assert problems(tmp_path, f"      approvers: [{ADA}]\n      required: 2\n") == [
        "11: required: there is one voice only"
    ]


def test_what_does_not_fit_together_is_told_at_once(tmp_path: Path) -> None:
    """In all stages, also beside one whose fields are wrong."""
    second = PIPELINE[PIPELINE.index("  - name: prod") :].replace("api-prod", "Api")
    text = WHOLE.replace("required: 2", "required: 9").replace("timeout: 20d", "timeout: 3d")
    found = problems(tmp_path, f"{text}{second}      approvers: [{ADA}]\n")
    assert found[0].startswith(f"{line_of('instructions') + 3}: stages[1].endpoint: String should")
    assert found[1:] == [
        f"{line_of('required')}: required: there are 3 voices only",
        f"{line_of('reminders')}: reminders[1]: is not shorter than the timeout",
        f"{line_of('escalate')}: escalate.after: is not shorter than the timeout",
    ]
