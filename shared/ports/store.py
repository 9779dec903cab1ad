"""The store: releases and all that belongs to them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.domain.decision import Decision
from shared.domain.evidence import Evidence
from shared.domain.fetch import Fetch
from shared.domain.pipeline import Stage
from shared.domain.release import (
    AuditEvent,
    IgnoredEvent,
    Outcome,
    Release,
    ReleaseId,
)

UNKNOWN_SCHEMA, UNREADABLE_ROW = UNREADABLE = ("UnknownSchema", "UnreadableRow")
"""The codes of a `StepError` for what is stored and this version of the app cannot read."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A release as it was read, with what guards the next write."""

    release: Release
    etag: str


class ConflictError(Exception):
    """Somebody else wrote first: read again and decide anew."""


type Written = Callable[[Release | None, Release, Sequence[AuditEvent]], None]
"""Hears of a change once it is written: the release before (None where it is new) and after, and
what was added to its audit trail."""


def unheard(before: Release | None, after: Release, events: Sequence[AuditEvent]) -> None:
    """A `Written` for where nobody listens."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of releases, latest first."""

    releases: tuple[Release, ...]
    cursor: str | None
    """Opaque; None on the last page."""


class Store(Protocol):
    """Releases, their audit trail, decisions and evidence; the truth.

    `events` of a write are numbered by the caller, following `release.last_event`, and are written
    in the same transaction as the release.
    """

    def create(self, *, release: Release, events: Sequence[AuditEvent]) -> bool:
        """Write a new release; False (and nothing written) where its id exists."""

    def get(self, *, release_id: ReleaseId) -> Stored | None:
        """One release, by one point read."""

    def save(
        self,
        *,
        stored: Stored,
        release: Release,
        events: Sequence[AuditEvent] = (),
        decision: Decision | None = None,
        evidence: Evidence | None = None,
    ) -> Stored:
        """Replace `stored` by `release`, in one transaction with what comes with it.

        Raises:
            ConflictError: `stored` is not the newest any more, or the approver's decision of this
                revision is there already.
        """

    def settle(self, *, release: Release) -> None:
        """Take an ended, told and published release off the list of open ones. Idempotent."""

    def open_releases(self) -> Iterator[ReleaseId]:
        """Releases with anything left to do, oldest first."""

    def latest(
        self, *, pipeline: str | None, outcome: Outcome | None, cursor: str | None, limit: int
    ) -> Page:
        """Releases, latest first, without a scan.

        Raises:
            ValueError: The cursor is not one of ours.
        """

    def events(self, *, release_id: ReleaseId, after: int = 0) -> list[AuditEvent]:
        """The audit trail in order, from the event after number `after`."""

    def decisions(self, *, release_id: ReleaseId) -> list[Decision]:
        """Every decision over a release, in the order in which they were made."""

    def evidence(self, *, release_id: ReleaseId, stage: str, ask: int) -> Evidence | None:
        """What people were shown."""

    def waiting(self, *, pipeline: str, stage: str) -> list[Release]:
        """The releases that wait for people at a stage's gate, oldest first, without a scan."""

    def note_fetch(self, *, fetch: Fetch) -> None:
        """Count that somebody or something has opened a link. It touches no release.

        Where two come in the same moment, one may go uncounted.
        """

    def fetches(self, *, release_id: ReleaseId) -> list[Fetch]:
        """What has opened the links of a release, in the order of first times."""

    def ignore(self, *, event: IgnoredEvent) -> None:
        """Record a registration that started nothing; once per event id."""

    def ignored(self, *, limit: int) -> list[IgnoredEvent]:
        """The latest registrations that started nothing."""

    def take_endpoint(self, *, stage: Stage, release_id: ReleaseId) -> ReleaseId:
        """Reserve the stage's endpoint; the release that has it now, this one or another."""

    def pass_endpoint(self, *, stage: Stage, holder: ReleaseId, release_id: ReleaseId) -> bool:
        """Hand a reservation on from a holder that is known to be over; False when it moved."""

    def free_endpoint(self, *, stage: Stage, release_id: ReleaseId) -> None:
        """Give the reservation back, if this release has it."""

    def ping(self) -> None:
        """Raise StepError unless the store answers."""
