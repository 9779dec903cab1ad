"""The store in memory, held to the same contract tests as the one on Table Storage."""

import base64
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import RLock

from shared.domain.decision import Decision
from shared.domain.evidence import Evidence
from shared.domain.fetch import Fetch
from shared.domain.names import person_key
from shared.domain.pipeline import Stage
from shared.domain.release import AuditEvent, IgnoredEvent, Outcome, Release, ReleaseId
from shared.domain.transitions import is_waiting
from shared.ports import ConflictError, Page, Stored, Written, unheard
from tests.fakes.failures import Faults


class MemoryStore:
    """Everything under one lock; what goes in and out is copied."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.written: Written = unheard
        self._lock = RLock()
        self._releases: dict[ReleaseId, Stored] = {}
        self._open: set[ReleaseId] = set()
        self._events: dict[ReleaseId, list[AuditEvent]] = {}
        self._decisions: dict[tuple[ReleaseId, str, int, str, int], Decision] = {}
        self._evidence: dict[tuple[ReleaseId, str, int], Evidence] = {}
        self._fetches: dict[tuple[ReleaseId, str, int, str, str], Fetch] = {}
        self._ignored: dict[str, IgnoredEvent] = {}
        self._endpoints: dict[tuple[str, str], ReleaseId] = {}
        self._writes = 0

    def create(self, *, release: Release, events: Sequence[AuditEvent]) -> bool:
        with self._lock:
            self.faults.meet("create")
            if release.id in self._releases:
                return False
            self._put(release)
            self._events[release.id] = list(_copied(events))
            self._open.add(release.id)
            self.written(None, release, events)
            return True

    def get(self, *, release_id: ReleaseId) -> Stored | None:
        with self._lock:
            self.faults.meet("get")
            return _copied(self._releases.get(release_id))

    def save(
        self,
        *,
        stored: Stored,
        release: Release,
        events: Sequence[AuditEvent] = (),
        decision: Decision | None = None,
        evidence: Evidence | None = None,
    ) -> Stored:
        with self._lock:
            self.faults.meet("save")
            current = self._releases.get(release.id)
            if current is None or current.etag != stored.etag:
                raise ConflictError(release.id)
            said = _said(decision) if decision else None
            shown = _shown(evidence) if evidence else None
            if said in self._decisions or shown in self._evidence:
                raise ConflictError(release.id)
            if decision:
                self._decisions[_said(decision)] = _copied(decision)
            if evidence:
                self._evidence[_shown(evidence)] = _copied(evidence)
            self._events[release.id] += _copied(list(events))
            if not _is_settled(release) and _is_settled(current.release):
                self._open.add(release.id)
            self.written(current.release, release, events)
            return self._put(release)

    def settle(self, *, release: Release) -> None:
        with self._lock:
            self.faults.meet("settle")
            self._open.discard(release.id)

    def open_releases(self) -> Iterator[ReleaseId]:
        with self._lock:
            self.faults.meet("open_releases")
            found = [self._releases[release_id].release for release_id in self._open]
        found.sort(key=lambda release: (release.created_at, release.id))
        return iter([release.id for release in found])

    def latest(
        self, *, pipeline: str | None, outcome: Outcome | None, cursor: str | None, limit: int
    ) -> Page:
        if limit < 1:
            raise ValueError("a page has at least one release")
        self.faults.meet("latest")
        filters = f"{pipeline!r}|{outcome!r}|"
        start = 0 if cursor is None else _position(cursor, filters)
        with self._lock:
            found = [
                stored.release
                for stored in self._releases.values()
                if pipeline in (None, stored.release.pipeline)
                and outcome in (None, stored.release.outcome)
            ]
        found.sort(key=lambda release: release.id)
        found.sort(key=lambda release: release.created_at, reverse=True)
        end = start + limit
        following = _cursor(filters, end) if end < len(found) else None
        return Page(tuple(_copied(found[start:end])), following)

    def events(self, *, release_id: ReleaseId, after: int = 0) -> list[AuditEvent]:
        with self._lock:
            self.faults.meet("events")
            events = self._events.get(release_id, [])
            return [_copied(event) for event in events if event.number > after]

    def decisions(self, *, release_id: ReleaseId) -> list[Decision]:
        with self._lock:
            self.faults.meet("decisions")
            found = [_copied(d) for key, d in self._decisions.items() if key[0] == release_id]
        return sorted(found, key=lambda each: (each.at, each.approver, each.revision))

    def evidence(self, *, release_id: ReleaseId, stage: str, ask: int) -> Evidence | None:
        with self._lock:
            self.faults.meet("evidence")
            return _copied(self._evidence.get((release_id, stage, ask)))

    def waiting(self, *, pipeline: str, stage: str) -> list[Release]:
        with self._lock:
            self.faults.meet("waiting")
            found = [
                _copied(stored.release)
                for stored in self._releases.values()
                if stored.release.pipeline == pipeline and is_waiting(stored.release, stage)
            ]
        return sorted(found, key=lambda release: (release.created_at, release.id))

    def note_fetch(self, *, fetch: Fetch) -> None:
        with self._lock:
            self.faults.meet("note_fetch")
            key = (fetch.release_id, fetch.stage, fetch.ask, fetch.person, fetch.kind.value)
            before = self._fetches.get(key)
            if before is not None:
                count = before.count + fetch.count
                fetch = replace(fetch, first_at=before.first_at, count=count)
            self._fetches[key] = fetch

    def fetches(self, *, release_id: ReleaseId) -> list[Fetch]:
        with self._lock:
            self.faults.meet("fetches")
            found = [each for each in self._fetches.values() if each.release_id == release_id]
        return sorted(found, key=lambda each: (each.first_at, each.person, each.kind))

    def ignore(self, *, event: IgnoredEvent) -> None:
        with self._lock:
            self.faults.meet("ignore")
            self._ignored.setdefault(event.event_id, event)

    def ignored(self, *, limit: int) -> list[IgnoredEvent]:
        with self._lock:
            self.faults.meet("ignored")
            found = sorted(self._ignored.values(), key=lambda event: event.event_id)
        found.sort(key=lambda event: event.at, reverse=True)
        return found[:limit]

    def take_endpoint(self, *, stage: Stage, release_id: ReleaseId) -> ReleaseId:
        with self._lock:
            self.faults.meet("take_endpoint")
            return self._endpoints.setdefault(_endpoint(stage), release_id)

    def pass_endpoint(self, *, stage: Stage, holder: ReleaseId, release_id: ReleaseId) -> bool:
        with self._lock:
            self.faults.meet("pass_endpoint")
            if self._endpoints.get(_endpoint(stage)) != holder:
                return False
            self._endpoints[_endpoint(stage)] = release_id
            return True

    def free_endpoint(self, *, stage: Stage, release_id: ReleaseId) -> None:
        with self._lock:
            self.faults.meet("free_endpoint")
            if self._endpoints.get(_endpoint(stage)) == release_id:
                del self._endpoints[_endpoint(stage)]

    def ping(self) -> None:
        self.faults.meet("ping")

    def _put(self, release: Release) -> Stored:
        self._writes += 1
        stored = Stored(_copied(release), etag=f'W/"{self._writes}"')
        self._releases[release.id] = stored
        return stored


def _copied[T](value: T) -> T:
    copied: T = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own, and fast
    return copied


def _is_settled(release: Release) -> bool:
    told = release.is_over and release.told_everybody
    return told and release.published_event >= release.last_event


def _said(decision: Decision) -> tuple[ReleaseId, str, int, str, int]:
    person = person_key(decision.approver)
    return (decision.release_id, decision.stage, decision.ask, person, decision.revision)


def _shown(evidence: Evidence) -> tuple[ReleaseId, str, int]:
    return (evidence.release_id, evidence.stage, evidence.ask)


def _endpoint(stage: Stage) -> tuple[str, str]:
    return (stage.workspace.arm_id.casefold(), stage.endpoint.casefold())


def _cursor(filters: str, position: int) -> str:
    return base64.urlsafe_b64encode(f"{filters}{position}".encode()).decode()


def _position(cursor: str, filters: str) -> int:
    text = base64.urlsafe_b64decode(cursor).decode()
    if not text.startswith(filters):
        raise ValueError("the cursor belongs to another list")
    return int(text.removeprefix(filters))
