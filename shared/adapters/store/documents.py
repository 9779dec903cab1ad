"""Domain objects as properties of a row, and back."""

import json
import logging
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from shared.domain.errors import StepError, not_good_enough, technical
from shared.ports import UNKNOWN_SCHEMA, UNREADABLE, UNREADABLE_ROW

if TYPE_CHECKING:
    from pydantic import TypeAdapter

logger = logging.getLogger(__name__)

SCHEMA = 2
"""Raised when older code would not understand what newer code writes.

2: approvals by a policy. Older code would take a deferred approval for one that is in effect, and
tell everybody of the end again.
"""

READ = range(1, SCHEMA + 1)

PROPERTY_LENGTH = 32_768
"""A string property holds 64 KiB of UTF-16 (azure-facts: Table Storage)."""

DOCUMENT_LENGTH = 480 * 1024
"""A row holds 1 MiB, and each character takes two bytes of it (learn.microsoft.com/rest/api/
storageservices/understanding-the-table-service-data-model); the rest is for keys and columns."""


def encode(value: Hashable) -> dict[str, str | int]:
    """The properties that hold `value`: `schema`, and `document` or its pieces.

    The JSON is ASCII, so that one character is one UTF-16 unit and any text survives.

    Raises:
        StepError: No row holds that much.
    """
    text = json.dumps(_adapter(type(value)).dump_python(value, mode="json"), separators=(",", ":"))
    if len(text) <= PROPERTY_LENGTH:
        return {"schema": SCHEMA, "document": text}
    if len(text) > DOCUMENT_LENGTH:
        raise not_good_enough(
            "RowTooLarge",
            f"{type(value).__name__} takes {len(text) // 1024} KiB as JSON; a row of Table "
            f"Storage holds {DOCUMENT_LENGTH // 1024} KiB of it. Shorten what belongs to it, such "
            "as the model's tags, properties and description.",
        )
    starts = range(0, len(text), PROPERTY_LENGTH)
    pieces = {
        f"document{number}": text[start : start + PROPERTY_LENGTH]
        for number, start in enumerate(starts, start=1)
    }
    return {"schema": SCHEMA, **pieces}


def decode[T](type_: type[T], row: Mapping[str, Any]) -> T:
    """The object in a row.

    Raises:
        StepError: The row was written by a newer version of this app, or by something else.
    """
    if row.get("schema") not in READ:
        raise technical(
            UNKNOWN_SCHEMA,
            f"Row {row['RowKey']} of {row['PartitionKey']} has schema {row.get('schema')}, this "
            f"app reads up to {SCHEMA}. Deploy the version that wrote it, or a newer one.",
        )
    try:
        document = json.loads(_text(row))
        if row["schema"] == 1:
            document = _renamed(document)
        found: T = _adapter(cast("Hashable", type_)).validate_python(document)
    except ValueError as error:
        raise technical(
            UNREADABLE_ROW,
            f"Row {row['RowKey']} of {row['PartitionKey']} holds no {type_.__name__} that this app "
            "can read. Deploy the version that wrote it; if none did, restore it from a backup.",
        ) from error
    return found


def readable[T](read: Callable[[], T]) -> T | None:
    """What is read from a row; None, with a warning, where this app cannot read the row.

    For lists of what belongs to many releases: one row must not hide the others.

    Raises:
        StepError: For any other reason.
    """
    try:
        return read()
    except StepError as error:
        if error.failure.code not in UNREADABLE:
            raise
        logger.warning("left out of a list: %s", error)
        return None


def _renamed(document: Any) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """A document of schema 1 with today's names; what is new since has defaults."""
    if isinstance(document, dict) and "told_owners" in document:
        return {**document, "told_everybody": document["told_owners"]}
    return document


def _text(row: Mapping[str, Any]) -> str:
    if "document" in row:
        return str(row["document"])
    pieces: list[str] = []
    while (name := f"document{len(pieces) + 1}") in row:
        pieces.append(str(row[name]))
    return "".join(pieces)


@cache
def _adapter(type_: Hashable) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(type_)
