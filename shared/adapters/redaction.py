"""Texts of other people's programs, without what opens a door: for error texts and logs.

Rather a harmless word too many is cut than a secret too few. Each rule looks at the text as it
came, so that none hides a secret from another; each looks at a character a fixed number of times,
however the text was made to hold it up.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from shared.domain.limits import ERROR_CHARACTERS, LOG_CHARACTERS

CUT = "…"


class _Span(NamedTuple):
    """A part of a text that is not shown."""

    start: int
    end: int
    instead: str = CUT


class _Ahead:
    """Where a pattern is found next. Asked from left to right, it searches no part twice."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self._pattern, self._text = pattern, text
        self._start = self._end = -1

    def of(self, position: int) -> tuple[int, int]:
        """The first match that starts at or after `position`; the text's end where there is none.

        Args:
            position: Not before the one that was asked for last.
        """
        if self._start < position:
            found = self._pattern.search(self._text, position)
            self._start, self._end = found.span() if found else (len(self._text),) * 2
        return self._start, self._end


def without_secrets(text: str) -> str:
    """The text without queries and users of URLs, keys, passwords and tokens.

    Halves of characters, which no log and no service takes, are written as escapes.
    """
    shown: list[str] = []
    done = 0
    spans = (*_addresses(text), *_keys(text), *_tokens(text), *_pairs(text))
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if span.start >= done:
            shown += text[done : span.start], span.instead
        done = max(done, span.end)
    return "".join((*shown, text[done:])).encode(errors="backslashreplace").decode()


def error_text(text: str) -> str:
    """The beginning of what a service says of an error, without secrets."""
    if len(text) <= ERROR_CHARACTERS:
        return without_secrets(text)
    kept = text[:ERROR_CHARACTERS]
    whole = max(kept.rfind(blank) for blank in " \n") + 1  # half a token may not look like one
    return without_secrets(kept[:whole]) + CUT


def log_text(text: str) -> str:
    """The end of a log, without secrets."""
    if len(text) <= LOG_CHARACTERS:
        return without_secrets(text)
    # the rest of a line may be the rest of a secret whose name is gone
    return f"{CUT}\n{without_secrets(text[-LOG_CHARACTERS:].partition('\n')[2])}"


# --- addresses ---

_USER = re.compile(r"(?<=://)[^\s/?#'\"<>]+(?=@)")
_URL = re.compile(r"https?://[^\s?'\"<>]+(\?[^\s'\"<>]*)?", re.IGNORECASE)
_CODE = re.compile(r"[?&]code=([^\s&'\"<>]+)", re.IGNORECASE)
"""Of a path with a function's key."""


def _addresses(text: str) -> Iterator[_Span]:
    """Users and passwords, and queries: signatures and keys of functions."""
    yield from (_Span(*found.span()) for found in _USER.finditer(text))
    yield from (_Span(*found.span(1), "") for found in _URL.finditer(text) if found[1])
    yield from (_Span(*found.span(1)) for found in _CODE.finditer(text))


# --- private keys ---

_KEY_BEGINS = re.compile(r"-----BEGIN[A-Z ]*PRIVATE KEY", re.IGNORECASE)
_KEY_ENDS = re.compile(r"-----END[A-Z ]*PRIVATE KEY(?:-----)?", re.IGNORECASE)


def _keys(text: str) -> Iterator[_Span]:
    """Private keys, also one whose beginning is not in the text."""
    ends = _Ahead(_KEY_ENDS, text)
    begins = [found.start() for found in _KEY_BEGINS.finditer(text)]
    start, end = ends.of(0)
    if start < min(begins, default=len(text)):
        yield _Span(0, end)
    for begin in begins:
        yield _Span(begin, ends.of(begin)[1])


# --- tokens ---

_BEARER = re.compile(r"Bearer\s+([\w.~+/=-]{8,})", re.IGNORECASE)
_DOTTED = re.compile(r"[\w.-]+")


def _tokens(text: str) -> Iterator[_Span]:
    """What follows `Bearer`, and JSON Web Tokens: base64 of `{"` begins with `eyJ`."""
    yield from (_Span(*found.span(1)) for found in _BEARER.finditer(text))
    for found in _DOTTED.finditer(text):
        at = found[0].find("eyJ")
        if at >= 0 and found[0].count(".", at) >= 2:
            yield _Span(found.start() + at, found.end())


# --- names with values ---

_NAMED = re.compile(
    "(?:key|secret|token|password|passwd|passphrase|pwd|sig|signature|credentials?"
    "|connection[_-]?string|authorization)"
    r"\\*[\"']?[ \t]*(?:[=:]+>?|%3D)[ \t]*",
    re.IGNORECASE,
)
"""`name=`, `name: `, `"name": `, also within a JSON text; whatever the name begins with."""

_SCHEME = re.compile(r"(?:Bearer|Basic|SharedKey)[ \t]+", re.IGNORECASE)
_OPENING = re.compile(r"[bru]?(\\*)([\"'])", re.IGNORECASE)
_STOP = re.compile(r"[\s&;'\"<>]")
_LINE_END = re.compile(r"\n")

_ESCAPES = (0, 1, 3, 7, 15, 31)
"""Backslashes before a quote of a JSON text that is a string in a JSON text, and so on."""


def _closing(escapes: int, quote: str) -> re.Pattern[str]:
    r"""The end of a quoted value: its quote, with as many backslashes as the opening one.

    Twice as many and one more are a quote in the value (`\"`), and each time that the value ends in
    a backslash there are twice as many and two more.
    """
    in_value = rf"(?:\\{{{2 * (escapes + 1)}}})*"
    return re.compile(rf"(?<!\\){in_value}\\{{{escapes}}}{quote}|\n")


_CLOSINGS = {(escapes, quote): _closing(escapes, quote) for escapes in _ESCAPES for quote in "'\""}


def _pairs(text: str) -> Iterator[_Span]:
    """The values of names that sound secret; what is quoted in no known way, to the line's end."""
    stops, lines = _Ahead(_STOP, text), _Ahead(_LINE_END, text)
    closings = {key: _Ahead(pattern, text) for key, pattern in _CLOSINGS.items()}
    for named in _NAMED.finditer(text):
        scheme = _SCHEME.match(text, named.end())
        start = scheme.end() if scheme else named.end()
        opening = _OPENING.match(text, start)
        if opening:
            start = opening.end()
            ahead = closings.get((len(opening[1]), opening[2]), lines)
        else:
            ahead = stops
        end, _ = ahead.of(start)
        if end > start:
            yield _Span(start, end)
