"""From the fields of `approval` to the domain's policy, or to what does not fit together in it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from shared.domain.policy import ApprovalPolicy, Delegation, Escalation, Freeze, Hours, Voice
from shared.pipelines.approval_models import DAYS, ApprovalFields, GroupFields, HoursFields
from shared.pipelines.fields import Person
from shared.pipelines.source import Document, Location


def approval_policy(document: Document, at: Location, fields: ApprovalFields) -> ApprovalPolicy:
    """The policy that the fields describe.

    Args:
        document: Takes what is wrong; the policy is of no use then.
        at: Where the fields stand in it.
        fields: Each of them right by itself.
    """
    return _Approval(document, at, fields).policy()


class _Approval:
    """The fields of an approval, and where to tell what does not fit together."""

    def __init__(self, document: Document, at: Location, fields: ApprovalFields) -> None:
        self._document = document
        self._at = at
        self._fields = fields
        self._zone = ZoneInfo(fields.time_zone)
        self._voiced: set[str] = set()
        """Who has a voice, as far as approvers were read."""

    def policy(self) -> ApprovalPolicy:
        fields = self._fields
        return ApprovalPolicy(
            voices=tuple(self._voices()),
            timeout_seconds=fields.timeout,
            required=self._required(),
            order=fields.order,
            reject=fields.reject,
            reminders_seconds=self._reminders(),
            escalation=self._escalation(),
            delegations=tuple(self._delegations()),
            requester_may_approve=fields.requester_may_approve,
            time_zone=fields.time_zone,
            hours=self._hours(fields.hours) if fields.hours else None,
            freezes=tuple(self._freezes()),
            require_sign_in=fields.require_sign_in,
            supersede=fields.supersede,
            probe_seconds=fields.probe_every,
            names=self._names(),
            instructions=fields.instructions,
        )

    def _tell(self, where: Location, message: str) -> None:
        self._document.problems.append(self._document.problem((*self._at, *where), message))

    def _voices(self) -> Iterator[Voice]:
        groups: set[str] = set()
        for position, approver in enumerate(self._fields.approvers):
            where: Location = ("approvers", position)
            if isinstance(approver, Person):
                self._give_voice(where, approver)
                yield Voice(approver.address, (approver.address,))
                continue
            if approver.group.casefold() in groups:
                self._tell((*where, "group"), f"another group is called {approver.group}")
            groups.add(approver.group.casefold())
            for place, member in enumerate(approver.members):
                self._give_voice((*where, "members", place), member)
            yield Voice(approver.group, tuple(member.address for member in approver.members))

    def _give_voice(self, where: Location, person: Person) -> None:
        self._check_has_no_voice(where, person)
        self._voiced.add(person.address)

    def _check_has_no_voice(self, where: Location, person: Person) -> None:
        if person.address in self._voiced:
            self._tell(where, f"{person.address} has a voice already: a person has one voice")

    def _required(self) -> int | None:
        required, count = self._fields.required, len(self._fields.approvers)
        if required is not None and required > count:
            voices = "is one voice" if count == 1 else f"are {count} voices"
            self._tell(("required",), f"there {voices} only")
        return required

    def _reminders(self) -> tuple[float, ...]:
        reminders = self._fields.reminders
        for place, (one, next_one) in enumerate(pairwise(reminders), start=1):
            if next_one <= one:
                self._tell(("reminders", place), "is not later than the one before")
        for place, reminder in enumerate(reminders):
            self._check_is_in_time(("reminders", place), reminder)
        return tuple(reminders)

    def _check_is_in_time(self, where: Location, seconds: float) -> None:
        if seconds >= self._fields.timeout:
            self._tell(where, "is not shorter than the timeout")

    def _escalation(self) -> Escalation | None:
        escalate = self._fields.escalate
        if escalate is None:
            return None
        self._check_is_in_time(("escalate", "after"), escalate.after)
        people = [person.address for person in escalate.to]
        for place, person in enumerate(escalate.to):
            self._check_has_no_voice(("escalate", "to", place), person)
            if person.address in people[:place]:
                self._tell(("escalate", "to", place), f"{person.address} is named already")
        return Escalation(escalate.after, tuple(people))

    def _delegations(self) -> Iterator[Delegation]:
        for position, delegate in enumerate(self._fields.delegates):
            where: Location = ("delegates", position)
            absent, deputy = delegate.for_, delegate.to
            if absent.address not in self._voiced:
                self._tell((*where, "for"), f"{absent.address} is no approver")
            if deputy.address == absent.address:
                self._tell((*where, "to"), "nobody stands in for themselves")
            else:
                self._check_has_no_voice((*where, "to"), deputy)
            span = self._span(where, delegate.from_, delegate.until)
            yield Delegation(absent.address, deputy.address, *span)

    def _hours(self, hours: HoursFields) -> Hours:
        if hours.from_ >= hours.to:
            self._tell(("hours", "to"), "is not later than from")
        places = [DAYS.index(day) for day in hours.days]
        for place, day in enumerate(hours.days):
            if day in hours.days[:place]:
                self._tell(("hours", "days", place), f"{day} is named already")
        return Hours(tuple(sorted(places)), hours.from_, hours.to)

    def _freezes(self) -> Iterator[Freeze]:
        for position, freeze in enumerate(self._fields.freeze):
            span = self._span(("freeze", position), freeze.from_, freeze.until)
            yield Freeze(*span, freeze.reason)

    def _span(self, where: Location, first: date, last: date) -> tuple[datetime, datetime]:
        """The moments that a span begins at and ends before; a last day belongs to it."""
        is_day = not isinstance(last, datetime)
        begins_at = self._moment(first)
        ends_at = self._moment(last + timedelta(days=1) if is_day else last)
        if ends_at <= begins_at:
            self._tell((*where, "until"), "is before from" if is_day else "is not later than from")
        return begins_at, ends_at

    def _moment(self, said: date) -> datetime:
        if not isinstance(said, datetime):
            said = datetime.combine(said, time())
        return (said if said.tzinfo else said.replace(tzinfo=self._zone)).astimezone(UTC)

    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for where, person in self._people():
            if person.name and names.setdefault(person.address, person.name) != person.name:
                known = names[person.address]
                self._tell(where, f"{person.address} is called {known} elsewhere: use one name")
        return names

    def _people(self) -> Iterator[tuple[Location, Person]]:
        """Everybody who is named, and where."""
        for position, approver in enumerate(self._fields.approvers):
            where: Location = ("approvers", position)
            if isinstance(approver, GroupFields):
                for place, member in enumerate(approver.members):
                    yield (*where, "members", place), member
            else:
                yield where, approver
        for place, person in enumerate(self._fields.escalate.to if self._fields.escalate else ()):
            yield ("escalate", "to", place), person
        for place, delegate in enumerate(self._fields.delegates):
            yield ("delegates", place, "for"), delegate.for_
            yield ("delegates", place, "to"), delegate.to
