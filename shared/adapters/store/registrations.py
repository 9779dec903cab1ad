"""Registrations that started nothing."""

from functools import partial

from shared.adapters.store import keys
from shared.adapters.store.documents import decode, encode, readable
from shared.adapters.store.tables import RowExistsError, Tables, creating
from shared.domain.release import IgnoredEvent

TABLE = "ignored"
LATEST = "latest"
"""The list by time; the partition `event` makes an event count once."""

_AFTER_ALL = "~"


class Registrations:
    """The table `ignored`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def ignore(self, event: IgnoredEvent) -> None:
        """Record an event; a repeated delivery of it changes nothing.

        The row of the event comes first: a repeat finds it and, with its time, the same row of the
        list, which it writes again in case the first delivery did not come so far.
        """
        row = {"PartitionKey": "event", "RowKey": f"id-{keys.escaped(event.event_id)}"}
        try:
            self._tables.transact(TABLE, [creating({**row, **encode(event)})])
        except RowExistsError:
            first = self._tables.get(TABLE, row["PartitionKey"], row["RowKey"])
            if first is not None:
                event = decode(IgnoredEvent, first[0])
        key = keys.latest_first(event.at, event.event_id)
        self._tables.put(TABLE, {"PartitionKey": LATEST, "RowKey": key, **encode(event)})

    def ignored(self, limit: int) -> list[IgnoredEvent]:
        """The latest ones, of those that this app can read."""
        rows = self._tables.between(TABLE, LATEST, after="", before=_AFTER_ALL, limit=limit)
        found = [readable(partial(decode, IgnoredEvent, row)) for row in rows]
        return [event for event in found if event is not None]
