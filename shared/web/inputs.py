"""What queries and bodies may hold. What they may not ends the view with a bad request."""

from shared.domain.names import ASSET_NAME
from shared.domain.pipeline import Json
from shared.domain.release import Outcome
from shared.web.http import Request, bad_request
from shared.web.text import MAX_COMMENT_LENGTH, tidy

MAX_NAME_LENGTH = 100
"""Characters of a pipeline's name that anyone may ask for."""

MAX_PERSON_LENGTH = 254
"""Characters of who asks for something: the longest mail address (RFC 5321, errata 1690)."""


def pipeline_filter(request: Request) -> str | None:
    """The pipeline that a list is asked for; it need not be deployed any more."""
    given = request.query.get("pipeline") or None
    if given is not None and len(given) > MAX_NAME_LENGTH:
        raise bad_request(f"pipeline has at most {MAX_NAME_LENGTH} characters.")
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
    return value.strip()


def asset_name(body: dict[str, Json], name: str) -> str:
    """A name or version; versions come as whole numbers, too."""
    value = body.get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    given = str(value) if is_number else text(body, name)
    if not ASSET_NAME.fullmatch(given):
        raise bad_request(f"{name} is none that Azure ML would take.")
    return given


def person(body: dict[str, Json], name: str) -> str:
    """Who asks for something."""
    given = text(body, name)
    if len(given) > MAX_PERSON_LENGTH or not given.isprintable():
        raise bad_request(f"{name} is one line of at most {MAX_PERSON_LENGTH} characters.")
    return given


def reason_of(body: dict[str, Json]) -> str:
    """Why somebody asks for something; empty where they do not say."""
    value = body.get("reason")
    if value is not None and not isinstance(value, str):
        raise bad_request("reason is no text.")
    reason = tidy(value or "")
    if len(reason) > MAX_COMMENT_LENGTH:
        raise bad_request(f"reason has at most {MAX_COMMENT_LENGTH:,} characters.")
    return reason
