"""What queries and bodies may hold. What they may not ends the view with a bad request."""

import re

from shared.domain.limits import (
    COMMENT_CHARACTERS,
    CURSOR_CHARACTERS,
    PERSON_CHARACTERS,
    PIPELINE_CHARACTERS,
    VERSION_NUMBER,
)
from shared.domain.names import ASSET_NAME
from shared.domain.pipeline import Json
from shared.domain.release import Outcome
from shared.web.http import Request, bad_request
from shared.web.text import tidy

_LINE = re.compile(
    r"[^\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+"
)
"""One line, without what is not seen or turns round what is: `Person` in `docs/openapi.yaml`."""


def pipeline_filter(request: Request) -> str | None:
    """The pipeline that a list is asked for; it need not be deployed any more."""
    given = request.query.get("pipeline") or None
    if given is not None and len(given) > PIPELINE_CHARACTERS:
        raise bad_request(f"pipeline has at most {PIPELINE_CHARACTERS} characters.")
    return given


def cursor_in(request: Request) -> str | None:
    """Where a list is to go on."""
    given = request.query.get("cursor") or None
    if given is not None and len(given) > CURSOR_CHARACTERS:
        raise bad_request("cursor is not one that this list gave.")
    return given


def outcome_filter(request: Request) -> Outcome | None:
    """The outcome that a list is asked for."""
    given = request.query.get("outcome")
    try:
        return Outcome(given) if given else None
    except ValueError as error:
        raise bad_request(f"outcome is one of {', '.join(Outcome)}.") from error


def whole_number(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number in the query."""
    given = request.query.get(name) or str(default)
    is_plain = given.isascii() and given.isdigit() and len(given) <= 10
    if not is_plain or not least <= int(given) <= most:
        raise bad_request(f"{name} is a whole number from {least} to {most}.")
    return int(given)


def text(body: dict[str, Json], name: str) -> str:
    """Text that has to be there."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise bad_request(f"{name} is missing, or is no text.")
    return value


def pipeline_name(body: dict[str, Json], name: str) -> str:
    """The name of a pipeline, of which there may be none."""
    given = text(body, name)
    if len(given) > PIPELINE_CHARACTERS:
        raise bad_request(f"{name} has at most {PIPELINE_CHARACTERS} characters.")
    return given.strip()


def asset_name(body: dict[str, Json], name: str) -> str:
    """A name."""
    given = text(body, name)
    if not ASSET_NAME.fullmatch(given):
        raise bad_request(f"{name} is none that Azure ML would take.")
    return given


def asset_version(body: dict[str, Json], name: str) -> str:
    """A version; it comes as a whole number, too, for which JSON may write `3.0`."""
    value = body.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return asset_name(body, name)
    if not 0 <= value <= VERSION_NUMBER or value != int(value):
        raise bad_request(f"{name} is none that Azure ML would take; send a long one as text.")
    return str(int(value))


def person(body: dict[str, Json], name: str) -> str:
    """Who asks for something."""
    given = text(body, name)
    if len(given) > PERSON_CHARACTERS or not _LINE.fullmatch(given):
        raise bad_request(f"{name} is one line of at most {PERSON_CHARACTERS} characters.")
    return given.strip()


def reason_of(body: dict[str, Json]) -> str:
    """Why somebody asks for something; empty where they do not say."""
    value = body.get("reason")
    if value is not None and not isinstance(value, str):
        raise bad_request("reason is no text.")
    if value is not None and len(value) > COMMENT_CHARACTERS:
        raise bad_request(f"reason has at most {COMMENT_CHARACTERS:,} characters.")
    return tidy(value or "")
