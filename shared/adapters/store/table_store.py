"""The `Store` port on Table Storage."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from shared.adapters.store import keys
from shared.adapters.store.documents import decode, readable
from shared.adapters.store.fetches import Fetches
from shared.adapters.store.gates import Gates
from shared.adapters.store.index import Entry, Index, has_work, list_name, next_cursor, position
from shared.adapters.store.locks import Locks
from shared.adapters.store.registrations import Registrations
from shared.adapters.store.rows import RELEASE, once, release_row
from shared.adapters.store.tables import (
    RowChangedError,
    RowExistsError,
    Tables,
    creating,
    replacing,
)
from shared.domain.decision import Decision
from shared.domain.evidence import Evidence
from shared.domain.fetch import Fetch
from shared.domain.pipeline import Stage
from shared.domain.release import AuditEvent, IgnoredEvent, Outcome, Release, ReleaseId
from shared.domain.transitions import is_waiting
from shared.ports import ConflictError, Page, Stored, Written, unheard

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

TABLE = "releases"
READERS = 8
"""Threads that read the releases of a page."""


class TableStore:
    """See `shared.ports.Store`; the package's docstring says how it lies in the tables."""

    def __init__(
        self,
        *,
        tables: str,
        credential: "TokenCredential | None" = None,
        written: Written = unheard,
    ) -> None:
        """Nothing is called yet; tables are made on first use.

        Args:
            tables: The table service's https endpoint, or a connection string.
            credential: Goes with an endpoint.
            written: Hears of every change of a release once it is written.
        """
        self._written = written
        self._tables = Tables(tables=tables, credential=credential)
        self._index = Index(self._tables)
        self._gates = Gates(self._tables)
        self._locks = Locks(self._tables)
        self._fetches = Fetches(self._tables)
        self._registrations = Registrations(self._tables)

    def create(self, *, release: Release, events: Sequence[AuditEvent]) -> bool:
        """Write a new release; False (and nothing written) where its id exists."""
        if self.get(release_id=release.id) is not None:
            return False
        self._index.open(release)
        self._index.add(release)
        self._gates.enter(release)
        try:
            self._tables.transact(TABLE, [creating(release_row(release)), *map(once, events)])
        except RowExistsError:
            return False
        self._written(None, release, events)
        return True

    def get(self, *, release_id: ReleaseId) -> Stored | None:
        """One release, by one point read."""
        partition = keys.escaped(release_id)
        if len(partition) > keys.MAX_LENGTH:
            return None
        found = self._tables.get(TABLE, partition, RELEASE)
        if found is None:
            return None
        row, etag = found
        return Stored(decode(Release, row), etag)

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
        if has_work(release) and not has_work(stored.release):
            self._index.open(release)
        self._index.add(release, before=stored.release)
        self._gates.enter(release)
        new = [*events, *(item for item in (decision, evidence) if item is not None)]
        try:
            etag = self._tables.transact(
                TABLE, [replacing(release_row(release), stored.etag), *map(once, new)]
            )
        except (RowChangedError, RowExistsError) as error:
            raise ConflictError(release.id) from error
        self._written(stored.release, release, events)
        self._gates.leave(release, before=stored.release)
        return Stored(release, etag)

    def settle(self, *, release: Release) -> None:
        """Take an ended, told and published release off the list of open ones. Idempotent."""
        self._index.settle(release)

    def open_releases(self) -> Iterator[ReleaseId]:
        """Releases with anything left to do, oldest first."""
        for release in self._confirmed(self._index.opened()):
            yield release.id

    def latest(
        self, *, pipeline: str | None, outcome: Outcome | None, cursor: str | None, limit: int
    ) -> Page:
        """Releases, latest first, without a scan; a page can be shorter than `limit`.

        Raises:
            ValueError: The cursor is not one of ours, or `limit` is below 1.
        """
        if limit < 1:
            raise ValueError("a page has at least one release")
        name = list_name(pipeline, outcome)
        entries, key = self._index.page(name, after=position(name, cursor), limit=limit)
        return Page(tuple(self._confirmed(entries)), next_cursor(name, key))

    def events(self, *, release_id: ReleaseId, after: int = 0) -> list[AuditEvent]:
        """The audit trail in order, from the event after number `after`."""
        rows = self._tables.between(
            TABLE, keys.escaped(release_id), after=keys.audit(after), before="audit."
        )
        return [decode(AuditEvent, row) for row in rows]

    def decisions(self, *, release_id: ReleaseId) -> list[Decision]:
        """Every decision over a release, in the order in which they were made."""
        rows = self._tables.between(
            TABLE, keys.escaped(release_id), after="decision-", before="decision."
        )
        found = [decode(Decision, row) for row in rows]
        return sorted(found, key=lambda each: (each.at, each.approver, each.revision))

    def evidence(self, *, release_id: ReleaseId, stage: str, ask: int) -> Evidence | None:
        """What people were shown."""
        found = self._tables.get(TABLE, keys.escaped(release_id), keys.evidence(stage, ask))
        return None if found is None else decode(Evidence, found[0])

    def waiting(self, *, pipeline: str, stage: str) -> list[Release]:
        """The releases that wait for people at a stage's gate, oldest first, without a scan."""
        found = [release for release in self._read(self._gates.listed(pipeline, stage)) if release]
        for release in found:
            self._gates.clear(release, stage)
        return [release for release in found if is_waiting(release, stage)]

    def note_fetch(self, *, fetch: Fetch) -> None:
        """Count that somebody or something has opened a link. It touches no release."""
        self._fetches.note(fetch)

    def fetches(self, *, release_id: ReleaseId) -> list[Fetch]:
        """What has opened the links of a release, in the order of first times."""
        return self._fetches.of(release_id)

    def ignore(self, *, event: IgnoredEvent) -> None:
        """Record a registration that started nothing; once per event id."""
        self._registrations.ignore(event)

    def ignored(self, *, limit: int) -> list[IgnoredEvent]:
        """The latest registrations that started nothing."""
        return self._registrations.ignored(limit)

    def take_endpoint(self, *, stage: Stage, release_id: ReleaseId) -> ReleaseId:
        """Reserve the stage's endpoint; the release that has it now, this one or another."""
        return self._locks.take(stage, release_id)

    def pass_endpoint(self, *, stage: Stage, holder: ReleaseId, release_id: ReleaseId) -> bool:
        """Hand a reservation on from a holder that is known to be over; False when it moved."""
        return self._locks.hand_on(stage, holder, release_id)

    def free_endpoint(self, *, stage: Stage, release_id: ReleaseId) -> None:
        """Give the reservation back, if this release has it."""
        self._locks.free(stage, release_id)

    def ping(self) -> None:
        """Raise StepError unless the store answers."""
        self._tables.get(TABLE, "ping", "ping")

    def _confirmed(self, entries: Sequence[Entry]) -> Iterable[Release]:
        """The releases behind index entries, without those that no longer belong there."""
        read = self._read([entry.release_id for entry in entries])
        pairs = zip(entries, read, strict=True)
        return [release for entry, release in pairs if release and entry.is_of(release)]

    def _read(self, release_ids: Iterable[ReleaseId]) -> list[Release | None]:
        """The releases of these ids, None where there is none that this app can read."""

        def read_one(release_id: ReleaseId) -> Stored | None:
            return readable(partial(self.get, release_id=release_id))

        with ThreadPoolExecutor(max_workers=READERS) as pool:
            read = list(pool.map(read_one, release_ids))
        return [stored.release if stored else None for stored in read]
