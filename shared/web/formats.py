"""How durations, sizes and values are written for people."""

import json
import re
from collections.abc import Iterator
from typing import Final

from shared.domain.pipeline import Json
from shared.domain.release import FailedAnswer

LONGEST: Final = 500
"""Characters of a value that are shown on one line."""

LONGEST_JSON: Final = 4000
"""Characters of JSON that are shown in one piece."""

NONE: Final = "none"

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_SIZES = ("bytes", "KiB", "MiB", "GiB", "TiB")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def duration(seconds: float) -> str:
    """A duration in its largest unit, rounded down: `29 days`, `1 hour`."""
    whole = max(0, int(seconds))
    for name, length in _UNITS:
        if whole >= length:
            count = whole // length
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return "0 seconds"


def latency(seconds: float) -> str:
    """A measured time: milliseconds below a second, else seconds."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def size(count: int) -> str:
    """A number of bytes, in the unit that reads best: `512.0 MiB`."""
    amount, unit = float(count), 0
    while amount >= 1024 and unit < len(_SIZES) - 1:
        amount, unit = amount / 1024, unit + 1
    if count == 1:
        return "1 byte"
    return f"{count} bytes" if unit == 0 else f"{amount:.1f} {_SIZES[unit]}"


def pretty(value: Json) -> str:
    """JSON over several lines, in the order of its names, cut where it is long."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= LONGEST_JSON else f"{text[:LONGEST_JSON]} …"


def shown(value: Json) -> str:
    """A value on one line, cut where it is long."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        return cut(f"{value[:12]}…" if _SHA256.fullmatch(value) else value) or "empty"
    return str(value) if isinstance(value, int) else cut(json.dumps(value, ensure_ascii=False))


def told(answer: FailedAnswer | None) -> Iterator[tuple[str, str]]:
    """What is known of an answer that was not good enough, each by its name; cut."""
    if answer is None:
        return
    if answer.body:
        yield "Answer", cut(answer.body)
    for name, value in answer.headers.items():
        yield name, cut(value)
    if answer.log:
        yield "End of the log", answer.log[-LONGEST:]


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, or its beginning where it is long."""
    if len(text) <= longest:
        return text
    return f"{text[:longest].rstrip()} … ({len(text):,} characters)"
