"""Text that people send: taken as it is, without what no one can see or store."""

import unicodedata

_UNSEEN = frozenset({"Cc", "Cs"})
"""Control characters and halves of characters, by Unicode category."""


def tidy(text: str) -> str:
    """The text with plain line ends, without control characters and space around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = [sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) not in _UNSEEN]
    return "".join(kept).strip()
