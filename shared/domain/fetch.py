"""Openings of links: people's, and those of programs that read mail before people do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.release import ReleaseId


class FetchKind(StrEnum):
    """What opened a link, as far as its request tells."""

    PERSON = "person"
    """Nothing speaks against a person's browser."""
    AUTOMATIC = "automatic"
    """A scanner, a preview, a prefetch: it says so, or does what no browser does."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Openings of one link by one kind of visitor."""

    release_id: ReleaseId
    stage: str
    ask: int
    person: str
    """Whose link it is."""

    kind: FetchKind
    why: str
    """What the request says of itself: a method, the begin of its `User-Agent`."""

    first_at: datetime
    last_at: datetime
    count: int = 1


_SCANNERS = (
    "safelinks",
    "barracuda",
    "proofpoint",
    "urldefense",
    "mimecast",
    "symantec",
    "bot",
    "crawler",
    "spider",
    "preview",
    "scan",
    "python-",
    "curl/",
    "wget/",
    "go-http-client",
    "headless",
    "ms-office",
    "microsoft office",
)
"""Parts of the names that programs give themselves."""

_PHONES = ("cubot",)
"""Makers of phones whose names hold one of those parts."""


def kind_of(method: str, headers: Mapping[str, str]) -> tuple[FetchKind, str]:
    """What a request is, and by what that is told.

    Programs that pass themselves off as a browser pass for a person here: nothing rests on it.

    Args:
        method: Of the request.
        headers: By lower-case name.
    """
    name = "".join(sign for sign in headers.get("user-agent", "") if sign.isprintable()).strip()
    agent = name[:120]
    if method != "GET":
        return FetchKind.AUTOMATIC, method
    for header in ("sec-purpose", "purpose", "x-moz"):
        if "prefetch" in headers.get(header, "").lower():
            return FetchKind.AUTOMATIC, "prefetch"
    said = name.lower()
    for phone in _PHONES:
        said = said.replace(phone, "")
    if not agent or any(part in said for part in _SCANNERS):
        return FetchKind.AUTOMATIC, agent or "no User-Agent"
    return FetchKind.PERSON, agent
