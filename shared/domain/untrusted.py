"""Reading JSON that anybody may have written."""

import json
from typing import Final

from shared.domain.limits import JSON_DEPTH, SHOWN_CHARACTERS
from shared.domain.pipeline import Json

TOO_DEEP: Final = "is nested too deeply"


class UnreadableError(ValueError):
    """A text that is not what it should be; the message says how, after the text's name."""


def parse_json(text: str | bytes, *, depth: int = JSON_DEPTH) -> Json:
    """The value of a JSON text.

    Args:
        text: Of a size that the caller has looked at.
        depth: Levels of lists and objects that it may have.

    Raises:
        UnreadableError: It is no JSON, is deeper than that, or holds text that is no Unicode, which
            no other service would take.
    """
    try:
        value: Json = json.loads(text)
    except RecursionError as error:
        raise UnreadableError(TOO_DEEP) from error
    except ValueError as error:  # bytes that are no text and endless numbers, too
        raise UnreadableError("is no JSON") from error
    _check(value, depth)
    return value


def legible(value: object, most: int = SHOWN_CHARACTERS) -> str:
    """What somebody sent, as a part of a sentence: one line of text, cut where it is long."""
    text = value if isinstance(value, str) else type(value).__name__
    shown = "".join(
        each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[:most]
    )
    return shown if len(text) <= most else f"{shown}…"


def _check(value: Json, depth: int) -> None:
    level: list[Json] = [value]
    while level:
        below: list[Json] = []
        for each in level:
            if isinstance(each, str):
                _check_text(each)
            elif isinstance(each, dict | list) and depth == 0:
                raise UnreadableError(TOO_DEEP)
            elif isinstance(each, dict):
                below += each.keys()
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = below
        depth -= 1


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnreadableError("holds text that is no Unicode") from error
