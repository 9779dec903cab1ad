"""Tables of one storage account: made on first use, read and written with guards."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import batched, groupby, islice
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared.adapters.egress.clients import table_service_client
from shared.adapters.failures import azure_stops_here, error_code

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.exceptions import HttpResponseError
    from azure.data.tables import TableClient, TableServiceClient

type Row = Mapping[str, Any]
type Operation = tuple[str, Row] | tuple[str, Row, Mapping[str, Any]]

PAGE = 1000
"""The most rows that one answer holds."""

TRANSACTION = 100
"""The most rows that one transaction takes (azure-facts: Table Storage)."""

CHANGES = 8
FIRST_PAUSE_SECONDS = 0.005
"""How often a row that many want is tried, and how long at first: twice as long each time."""

CLIENT_OPTIONS: dict[str, Any] = {
    # Whoever called tries again in its own time; this only rides over a hiccup.
    "retry_total": 3,
    "retry_backoff_factor": 0.2,
    "retry_backoff_max": 2,
    "connection_timeout": 5,
    "read_timeout": 30,
}


class RowExistsError(Exception):
    """A row of that key is there already."""


class RowChangedError(Exception):
    """The row is not as it was read, or gone."""


def creating(row: Row) -> Operation:
    """Write a row that must not be there."""
    return ("create", row)


def replacing(row: Row, etag: str) -> Operation:
    """Replace a row that must be as it was read: without an etag this would overwrite silently."""
    from azure.core import MatchConditions
    from azure.data.tables import UpdateMode

    guard = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    return ("update", row, {"mode": UpdateMode.REPLACE, **guard})


def deleting(row: Row, etag: str) -> Operation:
    """Delete a row that must be as it was read."""
    from azure.core import MatchConditions

    return ("delete", row, {"etag": etag, "match_condition": MatchConditions.IfNotModified})


class Tables:
    """All methods raise StepError where Table Storage or the way to it fails."""

    def __init__(self, *, tables: str, credential: "TokenCredential | None") -> None:
        """Nothing is called yet.

        Args:
            tables: The table service's https endpoint, or a connection string.
            credential: Goes with an endpoint.
        """
        self._tables = tables
        self._credential = credential
        self._lock = Lock()
        self._service: TableServiceClient | None = None
        self._clients: dict[str, TableClient] = {}

    def get(self, table: str, partition: str, row: str) -> tuple[Row, str] | None:
        """A row and its etag, or None."""
        from azure.core.exceptions import ResourceNotFoundError

        with self._calling(table) as client:
            try:
                found = client.get_entity(partition, row)
            except ResourceNotFoundError as error:
                if error_code(error) == "TableNotFound":
                    raise
                return None
            return found, str(found.metadata["etag"])

    def put(self, table: str, row: Row) -> None:
        """Write a row whatever is there."""
        from azure.data.tables import UpdateMode

        with self._calling(table) as client:
            client.upsert_entity(dict(row), mode=UpdateMode.REPLACE)

    def delete(self, table: str, partition: str, row: str) -> None:
        """Delete a row, if it is there."""
        with self._calling(table) as client:
            client.delete_entity(partition, row)

    def transact(self, table: str, operations: Iterable[Operation]) -> str:
        """Do all of it or nothing, within one partition; the new etag of the first row.

        One operation goes this way, too: only here does the client decode Azure's codes.

        Raises:
            RowExistsError: A row that was to be created is there.
            RowChangedError: A row that was to be as it was read is not, or is gone.
        """
        from azure.core.exceptions import HttpResponseError

        with self._calling(table) as client:
            try:
                answers = client.submit_transaction(operations)
            except HttpResponseError as error:
                _raise_if_raced(error)
                raise
            return str(answers[0].get("etag", ""))

    def change(
        self, table: str, partition: str, key: str, changed: Callable[[Row | None], Row]
    ) -> None:
        """Read a row and write what becomes of it, anew where somebody else came between.

        Args:
            table: The table's name.
            partition: The row's partition.
            key: The row's key.
            changed: From the row as it is, or None, to the properties that it is to have; may
                raise, and nothing is written then.

        Raises:
            RowChangedError: Somebody else came between every time.
        """
        for attempt in range(CHANGES):
            if attempt:
                time.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 (no secret)
            found = self.get(table, partition, key)
            row = {"PartitionKey": partition, "RowKey": key, **changed(found and found[0])}
            write = creating(row) if found is None else replacing(row, found[1])
            with suppress(RowChangedError, RowExistsError):
                self.transact(table, [write])
                return
        raise RowChangedError

    def between(
        self, table: str, partition: str, *, after: str, before: str, limit: int | None = None
    ) -> list[Row]:
        """Rows of a partition with `after` < key < `before`, in order of their keys."""
        with self._calling(table) as client:
            found = client.query_entities(
                "PartitionKey eq @partition and RowKey gt @after and RowKey lt @before",
                parameters={"partition": partition, "after": after, "before": before},
                results_per_page=min(limit or PAGE, PAGE),
            )
            return list(islice(found, limit))

    def drop(self, table: str, *, through: str) -> None:
        """Delete all partitions up to and with `through`, a hundred rows at a time.

        What somebody else is deleting at the same time is left to them.
        """
        with self._calling(table) as client:
            found = client.query_entities(
                "PartitionKey le @through",
                parameters={"through": through},
                select=["PartitionKey", "RowKey"],
            )
            for _, rows in groupby(found, key=itemgetter("PartitionKey")):
                for some in batched(rows, TRANSACTION, strict=False):
                    with suppress(RowChangedError):
                        self.transact(table, [("delete", row) for row in some])

    @contextmanager
    def _calling(self, table: str) -> Iterator["TableClient"]:
        with azure_stops_here(f"Table {table}"):
            yield self._client(table)

    def _client(self, table: str) -> "TableClient":
        with self._lock:
            if table not in self._clients:
                if self._service is None:
                    self._service = table_service_client(
                        self._tables, credential=self._credential, **CLIENT_OPTIONS
                    )
                self._clients[table] = _made(self._service, table)
            return self._clients[table]


def _made(service: "TableServiceClient", table: str) -> "TableClient":
    """The table's client, with the table there.

    An identity may be allowed to use tables and not to make them; whether this one is missing then
    shows with the next call.
    """
    from azure.core.exceptions import HttpResponseError

    try:
        return service.create_table_if_not_exists(table)
    except HttpResponseError as error:
        if error.status_code != 403:
            raise
        return service.get_table_client(table)


def _raise_if_raced(error: "HttpResponseError") -> None:
    """Say by type that somebody else wrote first."""
    code = error_code(error)
    if code == "EntityAlreadyExists":
        raise RowExistsError from error
    if code in ("UpdateConditionNotSatisfied", "ConditionNotMet", "ResourceNotFound"):
        raise RowChangedError from error
