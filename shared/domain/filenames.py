"""Names of files that anybody may have chosen: which are used, and how the others are shown."""

import unicodedata
from typing import Final

from shared.domain.errors import not_good_enough
from shared.domain.limits import NAME_CHARACTERS

SHOWN_CHARACTERS: Final = 120

INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of what is not seen, turns the reading direction, or is no character."""


def why_unsafe(name: str) -> str | None:
    """What is wrong with a blob's name, or with a part of one that begins and ends at a slash.

    HTTP clients take `.`, `..` and empty segments out of an address (RFC 3986, 5.2.4), so that it
    leads to another blob.

    Returns:
        The reason, to be read after the name; None where there is none.
    """
    if len(name) > NAME_CHARACTERS:
        return f"has more than {NAME_CHARACTERS:,} characters"
    segments = name.split("/")
    if "" in segments:
        return "has an empty segment (a slash at its beginning or end, or two in a row)"
    if "." in segments or ".." in segments:
        return 'has "." or ".." as a segment'
    if "\\" in name:
        return "has a backslash"
    for character in name:
        if unicodedata.category(character) in INVISIBLE:
            return f"has the invisible or unassigned character U+{ord(character):04X}"
    return None


def refuse_unsafe(name: str, *, shown: str | None = None) -> None:
    """Refuse a model that has a file of this name.

    Args:
        name: The blob's whole name.
        shown: What of it to show, where not all.

    Raises:
        StepError: `UnsafeFileName`; the model is to blame.
    """
    why = why_unsafe(name)
    if why is not None:
        raise not_good_enough(
            "UnsafeFileName",
            f"The model's file {shown_name(name if shown is None else shown)} cannot be used: its "
            f"path {why}. Rename it and register a new version.",
        )


def shown_name(name: str) -> str:
    r"""A name for people: in quotes, what is not printable as `\u…`, the middle of a long one cut.

    No two of those that are not cut look the same.
    """
    half = SHOWN_CHARACTERS // 2
    cut = name if len(name) <= SHOWN_CHARACTERS else f"{name[:half]}…{name[-half:]}"
    return '"' + "".join(_escaped(character) for character in cut) + '"'


def _escaped(character: str) -> str:
    if character in '\\"':
        return f"\\{character}"
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"
