"""Texts of other people's programs, without what opens a door: for error texts and logs.

Rather a harmless word too many is cut than a secret too few.
"""

import re

CUT = "…"

_QUOTE = r"[bru]?(?P<quote>\\*[\"'])"
_VALUE = rf"(?:{_QUOTE}(?:(?!(?P=quote))(?:\\.|.))*(?P=quote)?|[^\s&;'\"<>]+)"

_NAME = (
    "(?:key|secret|token|password|passwd|passphrase|pwd|sig|signature|credentials?"
    "|connection[_-]?string|authorization)"
)
_SIGN = r"\\*[\"']?[ \t]*(?:[=:]+>?|%3D)[ \t]*"
_PAIR = rf"({_NAME}{_SIGN})(?:(?:Bearer|Basic|SharedKey)[ \t]+)?{_VALUE}"

_RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END[^\n]*|\Z)", CUT),
        # user and password of a URL
        (r"(?<=://)[^\s/?#'\"<>]+@", f"{CUT}@"),
        # the query of a URL: signatures, keys of functions
        (r"(https?://[^\s?'\"<>]+)(?:\?[^\s'\"<>]*)?", r"\1"),
        (r"([?&]code=)[^\s&'\"<>]+", rf"\1{CUT}"),
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", CUT),
        (r"\b(Bearer)\s+[\w.~+/=-]{8,}", rf"\1 {CUT}"),
        # name=value, name: value, "name": "value", also within a JSON text; whatever the name
        # begins with
        (_PAIR, rf"\1\g<quote>{CUT}\g<quote>"),
    )
)


def without_secrets(text: str) -> str:
    """The text without queries and users of URLs, keys, passwords and tokens."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
