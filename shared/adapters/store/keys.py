"""Keys of rows. Table Storage sorts by them, and that is its only index."""

import re
from datetime import UTC, datetime, timedelta

MAX_LENGTH = 512
"""UTF-16 units: a key has 1 KiB (Microsoft, "Understanding the Table service data model")."""

_REFUSED = re.compile(r"[/\\#?%=|\x00-\x1f\x7f-\x9f]")
"""What keys may not hold, `%` (which some clients decode), and what is a sign of ours in them."""

_MICROSECOND = timedelta(microseconds=1)
_START = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)


def escaped(text: str) -> str:
    """The text as part of a key; different texts stay different."""
    return _REFUSED.sub(lambda found: f"={ord(found.group()):02x}", text)


def oldest_first(at: datetime, name: str) -> str:
    """A key that sorts by time."""
    return f"{(at - _START) // _MICROSECOND:018}-{escaped(name)}"


def latest_first(at: datetime, name: str) -> str:
    """A key that sorts by time, the newest first."""
    return f"{(_END - at) // _MICROSECOND:018}-{escaped(name)}"


def audit(number: int) -> str:
    """An audit event's row."""
    return f"audit-{number:08}"


def evidence(stage: str, ask: int) -> str:
    """The row of what was shown with an ask."""
    return f"evidence-{escaped(stage)}-{ask:03}"


def decision(stage: str, ask: int, person: str, revision: int) -> str:
    """The row of a person's answer to an ask: a second one of the same revision meets the first.

    The first revision has none in its key, as before there were any.
    """
    first = f"decision-{escaped(stage)}-{ask:03}-{person}"
    return first if revision == 1 else f"{first}-{revision:03}"


def fetch(stage: str, ask: int, person: str, kind: str) -> str:
    """The row that counts what has opened a person's links to an ask."""
    return f"{escaped(stage)}-{ask:03}-{person}-{kind}"
