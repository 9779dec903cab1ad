"""Templates, and how times, durations and sizes are written in them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from shared.domain.pipeline import Json

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_SIZES = ("bytes", "KiB", "MiB", "GiB", "TiB")


def render(template: str, /, **values: object) -> str:
    """A template below `templates/` with these values; a value that it lacks is an error."""
    return environment().get_template(template).render(**values)


@cache
def environment() -> "Environment":
    """The Jinja2 environment: all but `.txt` is escaped as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "moment": moment,
        "duration": duration,
        "latency": latency,
        "size": size,
        "pretty": pretty,
        "machine": machine,
    }
    return made


def moment(at: datetime) -> str:
    """A time for people: `24 Dec 2026, 09:00 UTC`."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def machine(at: datetime) -> str:
    """A time for `<time datetime>`."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


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
    return f"{count} bytes" if unit == 0 else f"{amount:.1f} {_SIZES[unit]}"


def pretty(value: Mapping[str, Json]) -> str:
    """JSON over several lines, in the order of its names."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
