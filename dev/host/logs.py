"""Log lines of app and host on stderr, each with the function and invocation that wrote it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import override

from azure_functions_runtime import invocation_id_cv  # type: ignore[import-untyped]  # has no types

_current_id: ContextVar[str | None] = ContextVar("current_invocation_id", default=None)
_names: dict[str, str] = {}

_CHATTY = (
    "azure.durable_functions",
    "azure.functions",  # the worker library's own
    "durabletask",
)


@contextmanager
def invocation(invocation_id: str, function_name: str) -> Iterator[None]:
    """Attribute what is logged inside, here and in the worker's threads, to an invocation."""
    _names[invocation_id] = function_name
    token = _current_id.set(invocation_id)
    try:
        yield
    finally:
        _current_id.reset(token)
        del _names[invocation_id]


def configure(*, debug: bool) -> None:
    """Send every logger's lines to stderr: from INFO as the Python worker does, or all of them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])
    if not debug:
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)


class _Formatter(logging.Formatter):
    """`[time] LEVEL function invocation: message`."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return f"[{time}] {record.levelname} {_origin()}: {super().format(record)}"


def _origin() -> str:
    # A coroutine carries our variable; a worker's thread knows only the library's.
    invocation_id = _current_id.get() or invocation_id_cv.get()
    if invocation_id is None:
        return "host"
    return f"{_names.get(invocation_id, '-')} {invocation_id[:8]}"
