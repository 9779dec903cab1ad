"""Keeps the requests to the mail service within its quota, for all instances together."""

import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from shared.adapters.store.tables import Row, RowChangedError, Tables
from shared.domain.errors import Failure, FailureKind, StepError, technical

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

TABLE, PARTITION, KEY = "mail", "quota", "places"

MINUTE_SECONDS, HOUR_SECONDS = 60.0, 3600.0

SLACK_SECONDS = 5.0
"""How much longer a place is taken: of two requests the first may be longer on its way, so that
the service sees them closer together than they set out; and clocks differ."""


@dataclass(frozen=True, slots=True)
class MailQuota:
    """How many requests the service takes, of all kinds (azure-facts: status reads count too)."""

    per_minute: int
    per_hour: int


class MailPace:
    """One row of Table Storage holds when the requests of the last hour set out, by digest."""

    def __init__(
        self,
        *,
        quota: MailQuota,
        tables: str,
        credential: "TokenCredential | None" = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is called yet; the table is made on first use.

        Args:
            quota: What is taken.
            tables: The table service's https endpoint, or a connection string.
            credential: Goes with an endpoint.
            now: Seconds since the epoch.
        """
        self._quota = quota
        self._tables = Tables(tables=tables, credential=credential)
        self._now = now
        self._lock = Lock()

    def take(self, request: str, *, share: float = 1.0) -> None:
        """Take a place for a request that is made at once.

        Args:
            request: Names it: the same one again has one place, at its latest time.
            share: Of all places, how many may be taken for it; at least one.

        Raises:
            StepError: There is no room (`MailQuota`, with `retry_after_seconds`), or Table Storage
                does not answer.
        """
        name = sha256(request.encode()).hexdigest()[:12]
        with self._lock:  # threads of one instance need not race each other at the table
            try:
                self._tables.change(TABLE, PARTITION, KEY, lambda row: self._with(name, row, share))
            except RowChangedError as error:
                raise technical(
                    "MailContended",
                    "Too many mails are sent at once.",
                    retryable=True,
                ) from error

    def _with(self, name: str, row: Row | None, share: float) -> Row:
        now = self._now()
        places: dict[str, float] = json.loads(row["places"]) if row else {}
        # a time to come is one of a broken clock, which must not stop all mail until then
        oldest, newest = now - HOUR_SECONDS - SLACK_SECONDS, now + MINUTE_SECONDS
        others = {
            other: at for other, at in places.items() if other != name and oldest < at < newest
        }
        quota = MailQuota(
            max(1, int(self._quota.per_minute * share)), max(1, int(self._quota.per_hour * share))
        )
        wait = seconds_to_wait(others.values(), now, quota)
        if wait > 0:
            raise StepError(self._no_room(wait))
        return {"places": json.dumps({**others, name: round(now, 3)}, separators=(",", ":"))}

    def _no_room(self, wait: float) -> Failure:
        seconds = math.ceil(wait)
        return Failure(
            kind=FailureKind.TRANSIENT,
            code="MailQuota",
            message=f"The mail service takes {self._quota.per_minute} mails a minute and "
            f"{self._quota.per_hour} an hour; this one waits for {seconds} s. Where the service "
            "takes more, raise MODELGATE_MAIL_PER_MINUTE and MODELGATE_MAIL_PER_HOUR.",
            retry_after_seconds=seconds,
        )


def seconds_to_wait(taken: Iterable[float], now: float, quota: MailQuota) -> float:
    """How long it is until a request may set out; 0 where it may now.

    Args:
        taken: When others set out.
        now: The time.
        quota: How many may, in any minute and any hour.
    """
    ordered = sorted(taken)
    windows = ((quota.per_minute, MINUTE_SECONDS), (quota.per_hour, HOUR_SECONDS))
    frees_up = [
        ordered[-most] + seconds + SLACK_SECONDS
        for most, seconds in windows
        if len(ordered) >= most
    ]
    return max([now, *frees_up]) - now
