"""Openings of links, counted: a row for each stage, ask, person and kind of visitor."""

from contextlib import suppress
from dataclasses import replace

from shared.adapters.store import keys
from shared.adapters.store.documents import decode, encode
from shared.adapters.store.tables import Row, RowChangedError, Tables
from shared.domain.fetch import Fetch
from shared.domain.names import person_key
from shared.domain.release import ReleaseId

TABLE = "fetches"
_AFTER_ALL = "~"


class Fetches:
    """The table `fetches`: a partition per release."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def note(self, fetch: Fetch) -> None:
        """Count an opening. Where many come in the same moment, some may go uncounted."""

        def counted(row: Row | None) -> Row:
            if row is None:
                return encode(fetch)
            before = decode(Fetch, row)
            count = before.count + fetch.count
            return encode(replace(fetch, first_at=before.first_at, count=count))

        key = keys.fetch(fetch.stage, fetch.ask, person_key(fetch.person), fetch.kind)
        with suppress(RowChangedError):
            self._tables.change(TABLE, keys.escaped(fetch.release_id), key, counted)

    def of(self, release_id: ReleaseId) -> list[Fetch]:
        """What has opened the links of a release, in the order of first times."""
        partition = keys.escaped(release_id)
        rows = self._tables.between(TABLE, partition, after="", before=_AFTER_ALL)
        found = [decode(Fetch, row) for row in rows]
        return sorted(found, key=lambda fetch: (fetch.first_at, fetch.person, fetch.kind))
