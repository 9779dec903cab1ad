"""The `Attempts` port on Table Storage: a row for each key and window, counted up."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from shared.adapters.store.tables import Row, RowChangedError, Tables
from shared.domain.errors import technical

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

TABLE = "attempts"


class TableAttempts:
    """See `shared.ports.Attempts`.

    A partition holds the windows that end at the same moment: what is over is dropped without
    looking at the rest. Keys are stored as digests, since they may hold people's addresses.
    """

    def __init__(self, *, tables: str, credential: "TokenCredential | None" = None) -> None:
        """Nothing is called yet; the table is made on first use.

        Args:
            tables: The table service's https endpoint, or a connection string.
            credential: Goes with an endpoint.
        """
        self._tables = Tables(tables=tables, credential=credential)

    def failed(self, *, keys: Sequence[str], now: datetime, window_seconds: float) -> None:
        """Count a failure under each key.

        Raises:
            StepError: It could not be counted; retryable where too many came at once.
        """
        for key in keys:
            try:
                self._tables.change(TABLE, *_place(key, now, window_seconds), _one_more)
            except RowChangedError as error:
                raise technical(
                    "TooManyAttempts",
                    "More failed attempts come at once than can be counted. Try again later.",
                    retryable=True,
                ) from error

    def failures(self, *, key: str, now: datetime, window_seconds: float) -> int:
        """How many failures a key has had in the present window of this length."""
        found = self._tables.get(TABLE, *_place(key, now, window_seconds))
        return 0 if found is None else int(found[0]["count"])

    def forget(self, *, before: datetime) -> None:
        """Drop the windows that were over before a moment."""
        self._tables.drop(TABLE, through=_moment(before.timestamp()))


def _one_more(row: Row | None) -> Row:
    return {"count": 1 if row is None else int(row["count"]) + 1}


def _place(key: str, now: datetime, window_seconds: float) -> tuple[str, str]:
    """Partition and key of the row."""
    end = (now.timestamp() // window_seconds + 1) * window_seconds
    return _moment(
        end
    ), f"{window_seconds:g}-{sha256(key.encode(errors='surrogatepass')).hexdigest()}"


def _moment(timestamp: float) -> str:
    """Sorts by time; whole milliseconds since the epoch."""
    return f"{int(timestamp * 1000):015}"
