"""The mailbox's state: what was accepted, what became of it, and what it was told to do."""

import base64
import json
import time
import uuid
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from dev.emulators.mailbox.exceptions import (
    ServiceError,
    bad_request,
    too_many_requests,
)
from dev.emulators.mailbox.limits import Quota, RateLimit

_JOURNAL = "mailbox.jsonl"
_REQUESTS_KEPT = 5000


@dataclass(frozen=True)
class Settings:
    """How the emulator is set up."""

    access_key: str
    """The resource's key in base64, as in `endpoint=http://127.0.0.1:N/;accesskey=…`."""

    sender_domain: str
    """The one domain that mail may be sent from."""

    state_dir: Path | None = None
    """Where mail is kept over restarts; None keeps it in memory."""

    retry_after_seconds: int = 1
    """How long a send stays `Running`, and its `Retry-After`. The service says 30."""

    senders: tuple[str, ...] = ("DoNotReply",)
    """The sender user names of the domain, whatever their case; Azure makes this one by itself."""


class OnRepeat(StrEnum):
    """What happens to a send whose `Operation-Id` was used before.

    Azure does not document it: callers have to take a 400 or a 409 as "look at its status", and
    to bear a second mail.
    """

    FIRST = "first"  # answers with the first operation; nothing is sent again
    CONFLICT = "conflict"  # 409
    REFUSED = "refused"  # 400
    DUPLICATE = "duplicate"  # sends again under the same id


@dataclass(frozen=True)
class Recipient:
    """One address, with the name shown for it (may be empty)."""

    address: str
    display_name: str = ""

    def __str__(self) -> str:
        return f"{self.display_name} <{self.address}>" if self.display_name else self.address


@dataclass(frozen=True)
class Attachment:
    """A file sent along."""

    name: str
    content_type: str
    content_base64: str

    def content(self) -> bytes:
        """The file's bytes."""
        return base64.b64decode(self.content_base64)


@dataclass(frozen=True)
class Draft:
    """A message that passed the service's rules."""

    sender: str
    to: tuple[Recipient, ...]
    cc: tuple[Recipient, ...]
    bcc: tuple[Recipient, ...]
    reply_to: tuple[Recipient, ...]
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    attachments: tuple[Attachment, ...]

    def addresses(self) -> set[str]:
        """Everyone who gets it, in lower case."""
        return {r.address.lower() for r in (*self.to, *self.cc, *self.bcc)}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> "Draft":
        """The inverse of `dataclasses.asdict`."""
        lists = ("to", "cc", "bcc", "reply_to")
        people = {name: tuple(Recipient(**r) for r in raw[name]) for name in lists}
        attachments = tuple(Attachment(**a) for a in raw["attachments"])
        return cls(**{**raw, **people, "attachments": attachments})


@dataclass(frozen=True)
class Operation:
    """One accepted send."""

    id: str
    """The client's `Operation-Id`, or the service's own uuid."""

    message_id: str
    accepted_at: float
    """Seconds since the epoch."""

    draft: Draft
    error: dict[str, str] | None = None
    """Why the mail was not delivered; None when it was."""

    def received_at(self) -> datetime:
        """When the mail arrived, in UTC."""
        return datetime.fromtimestamp(self.accepted_at, UTC)


@dataclass
class Fault:
    """Failures to answer the next sends with."""

    status: int
    times: int
    retry_after_seconds: int | None = None
    accept: bool = False
    """Whether the mail is delivered all the same and only the answer fails."""


@dataclass
class Mailbox:
    """All state; one per application, used from its event loop only."""

    settings: Settings
    sends: RateLimit = field(default_factory=RateLimit)
    reads: RateLimit = field(default_factory=RateLimit)
    on_repeat: OnRepeat = OnRepeat.CONFLICT
    dropped_addresses: set[str] = field(default_factory=set)
    faults: deque[Fault] = field(default_factory=deque)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_REQUESTS_KEPT))
    operations: dict[str, Operation] = field(default_factory=dict)
    inbox: dict[str, Operation] = field(default_factory=dict)
    """Delivered mail by message id, oldest first."""

    def __post_init__(self) -> None:
        if self.settings.state_dir is None:
            return
        self.settings.state_dir.mkdir(parents=True, exist_ok=True)
        if self._journal.exists():
            whole, _, cut = self._journal.read_text("utf-8").rpartition("\n")
            for line in whole.splitlines():
                self._replay(json.loads(line))
            if cut:  # the last write was interrupted
                self._journal.write_text(f"{whole}\n" if whole else "", "utf-8")

    @property
    def _journal(self) -> Path:
        assert self.settings.state_dir is not None
        return self.settings.state_dir / _JOURNAL

    def send(self, draft: Draft, operation_id: str | None) -> Operation:
        """Accepts a message, delivers it to the inbox and returns its operation.

        Raises:
            ServiceError: 409 or 400 for a repeat, unless told otherwise; 429 past the quota.
        """
        _take(self.sends)
        repeated = self.operations.get(operation_id or "")
        if repeated and self.on_repeat is OnRepeat.FIRST:
            return repeated
        if repeated and self.on_repeat is OnRepeat.CONFLICT:
            raise ServiceError(409, "Conflict", "An operation with this Operation-Id exists.")
        if repeated and self.on_repeat is OnRepeat.REFUSED:
            raise bad_request("An operation with this Operation-Id exists.")
        operation = Operation(
            id=operation_id or str(uuid.uuid4()),
            message_id=uuid.uuid4().hex,
            accepted_at=time.time(),
            draft=draft,
            error=self._drop_error(draft),
        )
        self._apply(operation)
        self._write([{"operation": asdict(operation)}])
        return operation

    def read(self, operation_id: str) -> Operation:
        """The operation of that id.

        Raises:
            ServiceError: 404 for an unknown id; 429 past the quota of reads.
        """
        _take(self.reads)
        if operation_id not in self.operations:
            raise ServiceError(404, "NotFound", "The operation was not found.")
        return self.operations[operation_id]

    def status(self, operation: Operation) -> str:
        """`Running` for `retry_after_seconds`, then `Succeeded` or `Failed`."""
        if time.time() < operation.accepted_at + self.settings.retry_after_seconds:
            return "Running"
        return "Failed" if operation.error else "Succeeded"

    def messages(self, to: str | None = None) -> list[Operation]:
        """Delivered mail, newest last; `to` keeps what that address received."""
        wanted = (to or "").strip().lower()
        return [o for o in self.inbox.values() if not wanted or wanted in o.draft.addresses()]

    def delete_messages(self) -> None:
        """Empties the inbox; operations can still be asked for."""
        self.inbox.clear()
        self._write([{"deleted": True}])

    def next_fault(self) -> Fault | None:
        """The failure that the send at hand shall meet, if any."""
        if not self.faults:
            return None
        fault = self.faults[0]
        fault.times -= 1
        if fault.times <= 0:
            self.faults.popleft()
        return fault

    def set_quota(self, quota: Quota) -> None:
        """Sets the limits of sends, and those of status reads that go with them."""
        self.sends = RateLimit(quota)
        self.reads = RateLimit(quota.for_reads())

    def reset(self) -> None:
        """Back to how a new emulator starts, on disk too."""
        self.set_quota(Quota())
        self.on_repeat = OnRepeat.CONFLICT
        for kept in (self.dropped_addresses, self.faults, self.requests):
            kept.clear()
        self.operations.clear()
        self.inbox.clear()
        if self.settings.state_dir is not None:
            self._journal.unlink(missing_ok=True)

    def _drop_error(self, draft: Draft) -> dict[str, str] | None:
        if not draft.addresses() & self.dropped_addresses:
            return None
        # Code and words of the published example GetOperationStatusReturnsFailedTerminalStatus.
        message = "Email was dropped after several attempts to deliver."
        return {"code": "EmailDropped", "message": message}

    def _apply(self, operation: Operation) -> None:
        self.operations[operation.id] = operation
        if operation.error is None:
            self.inbox[operation.message_id] = operation

    def _replay(self, record: dict[str, Any]) -> None:
        if "deleted" in record:
            self.inbox.clear()
            return
        raw = record["operation"]
        self._apply(Operation(**{**raw, "draft": Draft.from_dict(raw["draft"])}))

    def _write(self, records: Iterable[dict[str, Any]]) -> None:
        if self.settings.state_dir is None:
            return
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.writelines(json.dumps(record) + "\n" for record in records)


def _take(limit: RateLimit) -> None:
    if not limit.take(time.monotonic()):
        raise too_many_requests()
