"""Finding releases without a scan: one row per release in each list that it belongs to."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.adapters.store import keys
from shared.adapters.store.tables import Tables
from shared.domain.release import Outcome, Release, ReleaseId

TABLE = "index"
OPEN = "open"
"""The list of releases with anything left to do, oldest first. All others are latest first."""

_AFTER_ALL = "~"
"""Greater than any key, which begins with digits."""

_KEY = re.compile(r"[0-9]{18}-[a-z0-9-]{1,80}")
"""A time and a release's id (`domain.names.release_id`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: a hint at a release, true when the release says so, too."""

    release_id: ReleaseId
    list: str
    key: str

    def is_of(self, release: Release) -> bool:
        """Whether the release stands here by its own account."""
        if self.list == OPEN:
            return self.key == open_key(release)
        return self.key == listed_key(release) and self.list in lists(release)


def lists(release: Release) -> list[str]:
    """The lists that a release stands in."""
    found = [list_name(None, None), list_name(release.pipeline, None)]
    if release.outcome is not None:
        found += [list_name(None, release.outcome), list_name(release.pipeline, release.outcome)]
    return found


def list_name(pipeline: str | None, outcome: Outcome | None) -> str:
    """The list of the releases of a pipeline, with an outcome, of both, or of all."""
    parts = [] if pipeline is None else [f"pipeline:{keys.escaped(pipeline)}"]
    parts += [] if outcome is None else [f"outcome:{outcome}"]
    return "|".join(parts) or "all"


def open_key(release: Release) -> str:
    """The release's key in the list of open ones."""
    return keys.oldest_first(release.created_at, release.id)


def listed_key(release: Release) -> str:
    """The release's key in all other lists."""
    return keys.latest_first(release.created_at, release.id)


class Index:
    """The table `index`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, release: Release, before: Release | None = None) -> None:
        """Put a release into its lists, except those that it was in before."""
        done = lists(before) if before else []
        for name in lists(release):
            if name not in done:
                self._put(name, listed_key(release), release)

    def open(self, release: Release) -> None:
        """Put a release on the list of open ones."""
        self._put(OPEN, open_key(release), release)

    def settle(self, release: Release) -> None:
        """Take a release off the list of open ones."""
        self._tables.delete(TABLE, OPEN, open_key(release))

    def opened(self) -> list[Entry]:
        """The open releases, oldest first."""
        return list(self._read(OPEN, after="", limit=None))

    def page(self, name: str, *, after: str, limit: int) -> tuple[list[Entry], str | None]:
        """Up to `limit` entries after a key, and the key to go on from; None at the end."""
        found = list(self._read(name, after=after, limit=limit + 1))
        page = found[:limit]
        return page, page[-1].key if len(found) > limit else None

    def _read(self, name: str, *, after: str, limit: int | None) -> Iterator[Entry]:
        rows = self._tables.between(TABLE, name, after=after, before=_AFTER_ALL, limit=limit)
        for row in rows:
            yield Entry(ReleaseId(row["release"]), name, row["RowKey"])

    def _put(self, name: str, key: str, release: Release) -> None:
        row = {"PartitionKey": name, "RowKey": key, "release": release.id}
        self._tables.put(TABLE, row)


def next_cursor(name: str, key: str | None) -> str | None:
    """Where a list's next page begins, for the caller to hand back."""
    return None if key is None else base64.urlsafe_b64encode(f"{name}\n{key}".encode()).decode()


def position(name: str, cursor: str | None) -> str:
    """The key in a cursor.

    Raises:
        ValueError: It is not one of ours, or of another list.
    """
    if cursor is None:
        return ""
    of, _, key = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition("\n")
    if of != name or not _KEY.fullmatch(key):
        raise ValueError("the cursor is not of this list")
    return key


def has_work(release: Release) -> bool:
    """Whether anything is left to do: it runs, or somebody is to hear of it."""
    return (
        not release.is_over
        or not release.told_everybody
        or release.published_event < release.last_event
    )
