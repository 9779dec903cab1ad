"""The fields of `approval`: whose word counts, how it is asked for, when it takes effect."""

import re
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    InstanceOf,
    Tag,
    WithJsonSchema,
)

from shared.domain.policy import Order, Rejection, Supersede
from shared.pipelines.fields import DAY, Duration, Fields, PersonField

CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")

MOMENT = re.compile(r"2\d{3}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?")

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

DAYS: tuple[Day, ...] = get_args(Day)

WORKDAYS = DAYS[:5]

ALL = "all"


def _clock(text: object) -> time:
    if not isinstance(text, str) or not CLOCK.fullmatch(text):
        raise ValueError("write a time of day from 00:00 to 23:59, for example 09:00")
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def _moment(text: object) -> date:
    """A date, or a date-time with or without an offset."""
    try:
        if isinstance(text, str) and MOMENT.fullmatch(text):
            is_date = len(text) == len("2026-12-20")
            return date.fromisoformat(text) if is_date else datetime.fromisoformat(text)
    except ValueError:  # the 31st of a short month
        pass
    raise ValueError("write a date such as 2026-12-20, or a date-time such as 2026-12-20 18:00")


def _required(value: object) -> int | None:
    if value == ALL:
        return None
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError("write how many have to approve, from 1 on, or all")
    return number


@cache
def _time_zones() -> frozenset[str]:
    """What every machine knows, and not what one machine has besides."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


def _time_zone(name: str) -> str:
    if name != "UTC" and name not in _time_zones():
        raise ValueError(f"{name} is no IANA time zone such as Europe/Berlin")
    return name


def _group_name(name: str) -> str:
    if "@" in name:
        raise ValueError("looks like an address: write the group's name")
    return name


Clock = Annotated[
    InstanceOf[time],
    BeforeValidator(_clock),
    WithJsonSchema({"type": "string", "pattern": f"^({CLOCK.pattern})$", "examples": ["09:00"]}),
]
Moment = Annotated[
    InstanceOf[date],
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{MOMENT.pattern}$",
            "examples": ["2026-12-20", "2026-12-20 18:00"],
        }
    ),
]
Pause = Annotated[Duration, Field(gt=0)]


class GroupFields(Fields):
    """People who have one voice together: the first of them who answers speaks for all."""

    group: Annotated[
        str, AfterValidator(_group_name), Field(json_schema_extra={"pattern": "^[^@]+$"})
    ]
    """The group's name, which people read."""

    members: Annotated[list[PersonField], Field(min_length=1)]
    """People, with or without a display name. Nobody is a member of two groups."""


def _approver_kind(value: object) -> str:
    return "a group" if isinstance(value, dict | GroupFields) else "a person"


Approver = Annotated[
    Annotated[PersonField, Tag("a person")] | Annotated[GroupFields, Tag("a group")],
    Discriminator(_approver_kind),
]


class EscalateFields(Fields):
    """Who is asked, too, when somebody stays silent."""

    after: Pause
    """How long after that person or group was asked; shorter than the timeout."""

    to: Annotated[list[PersonField], Field(min_length=1)]
    """People who are no approvers: each may answer for one who is silent."""


class DelegateFields(Fields):
    """Somebody who stands in for an approver for a while."""

    for_: PersonField = Field(alias="for")
    """An approver, or a member of a group."""

    to: PersonField
    """Somebody without a voice of their own."""

    from_: Moment = Field(alias="from")
    """The first day, or the moment of a date-time, in the approval's time zone."""

    until: Moment
    """The last day, that day included, or the moment of a date-time."""


class HoursFields(Fields):
    """When decisions take effect. Those made at other times wait for it."""

    days: list[Day] = Field(default_factory=lambda: list(WORKDAYS), min_length=1)
    """Days of the week, Monday to Friday when left out."""

    from_: Clock = Field(alias="from")
    """Time of day in the approval's time zone."""

    to: Clock
    """Time of day; later than `from`."""


class FreezeFields(Fields):
    """When no decision takes effect. Those made meanwhile wait for its end."""

    from_: Moment = Field(alias="from")
    """The first day, or the moment of a date-time, in the approval's time zone."""

    until: Moment
    """The last day, that day included, or the moment of a date-time."""

    reason: str = ""
    """Shown to people."""


class ApprovalFields(Fields):
    """Whose word is wanted before the stage starts, and what it does. See docs/approvals.md."""

    approvers: Annotated[list[Approver], Field(min_length=1)]
    """People, with or without a display name, and groups that any one member speaks for. Each is
    one voice, and nobody has two. With `order: sequence` they are asked as they stand here."""

    required: Annotated[
        int | None,
        BeforeValidator(_required),
        WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"enum": [ALL]}]}),
    ] = 1
    """How many voices have to approve, or `all`."""

    order: Order = Order.ANY
    """`any`: all are asked at once. `sequence`: one after another, each once the answer before
    it has taken effect."""

    reject: Rejection = Rejection.FIRST
    """`first`: the first rejection ends the release. `quorum`: rejections end it once the voices
    that are left cannot reach the number that is required."""

    timeout: Annotated[Duration, Field(ge=60, le=30 * DAY)] = 30 * DAY
    """How long people have; 30d when left out, which is the longest."""

    reminders: list[Pause] = Field(default_factory=list)
    """How long after their first mail people are reminded; ascending, shorter than the
    timeout."""

    escalate: EscalateFields | None = None
    """Who is asked, too, when somebody stays silent; nobody when left out."""

    delegates: list[DelegateFields] = Field(default_factory=list)
    """Who stands in for whom, and when."""

    requester_may_approve: bool = False
    """Whether the person who registered the model may decide."""

    time_zone: Annotated[
        str,
        AfterValidator(_time_zone),
        Field(json_schema_extra={"examples": ["Europe/Berlin"]}),
    ] = "UTC"
    """IANA name. Hours, freezes and delegations are written in it, and people read times in it."""

    hours: HoursFields | None = None
    """When decisions take effect; at any time when left out."""

    freeze: list[FreezeFields] = Field(default_factory=list)
    """When no decision takes effect."""

    require_sign_in: bool = False
    """Whether a decision counts only from someone whom the platform has signed in."""

    supersede: Supersede = Supersede.KEEP
    """What a newer version does to older ones that wait here. `keep`: nothing. `replace`: it ends
    them as Superseded. `ask`: whoever approves it may end them."""

    probe_every: Annotated[Duration, Field(ge=60, le=DAY)] = 3600.0
    """How often the stage before is probed while people think, from 1m to 1d; 1h when left out."""

    instructions: str = ""
    """Shown in the mail and on the page."""

    model_config = ConfigDict(str_min_length=0)
