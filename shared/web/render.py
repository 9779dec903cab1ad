"""Templates, and what they write values with."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from shared.web.changes import beside, change_of, groups_of
from shared.web.formats import cut, duration, latency, pretty, shown, size, told
from shared.web.people import called, said
from shared.web.times import machine, moment

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context

TEMPLATES = Path(__file__).parent / "templates"

TURNING = {sign: f"[U+{sign:04X}]" for sign in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""What turns the direction of reading, made visible: it could have a page of registrants' words
read otherwise than it is written ("Trojan Source", CVE-2021-42574)."""


def render(template: str, /, **values: object) -> str:
    """A template below `templates/` with these values; a value that it lacks is an error."""
    return environment().get_template(template).render(**values).translate(TURNING)


@cache
def environment() -> "Environment":
    """The Jinja2 environment: all but `.txt` is escaped as HTML."""
    from jinja2 import (
        Environment,
        FileSystemLoader,
        StrictUndefined,
        pass_context,
        select_autoescape,
    )

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "moment": pass_context(_moment),
        "machine": machine,
        "duration": duration,
        "latency": latency,
        "size": size,
        "pretty": pretty,
        "shown": shown,
        "cut": cut,
        "change": change_of,
        "groups": groups_of,
        "said": said,
        "called": called,
        "beside": beside,
        "told": told,
    }
    return made


def _moment(context: "Context", at: datetime) -> str:
    """A time in the time zone that the template was given as `zone`."""
    return moment(at, str(context.resolve("zone")))
