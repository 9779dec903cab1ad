"""What handlers take and give, apart from HTTP's own machinery."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dev.emulators.azureml.state import Workspace

type Json = dict[str, Any]

NO_BODY: Final = object()
"""An answer of zero bytes; a body of None is the four bytes ``null``, which DELETE gives."""


@dataclass(frozen=True)
class ArmRequest:
    """One ARM call whose workspace is known to exist."""

    method: str
    path: str
    params: Mapping[str, str]
    """Names taken from the path, unquoted."""
    query: Mapping[str, str]
    body: Json
    origin: str
    """Scheme and authority the caller used, to build absolute addresses from."""
    workspace: Workspace
    user: str
    """Who calls, by the name that the directory shows."""
    target: str = ""
    """Path and query exactly as they came."""

    @property
    def api_version(self) -> str:
        """The api-version asked for, such as ``2023-08-01-preview``."""
        return self.query.get("api-version", "")

    @property
    def properties(self) -> Json:
        """The body's `properties`, empty where it has none."""
        return self.body.get("properties") or {}


@dataclass(frozen=True)
class ArmResponse:
    """An answer: `body` is written as JSON unless it is `NO_BODY`."""

    body: object = NO_BODY
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def arm_time(epoch: float | None = None) -> str:
    """A time as Azure ML writes it: UTC, seven decimals, ``+00:00``.

    Args:
        epoch: Seconds since 1970; now when None.
    """
    moment = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(epoch, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0+00:00"


_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def duration_seconds(text: str) -> float:
    """Seconds of an ISO 8601 duration such as ``PT1M30S``.

    Raises:
        ValueError: If it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text in {"P", "PT"}:
        msg = f"'{text}' is not an ISO 8601 duration."
        raise ValueError(msg)
    parts = {name: float(value) for name, value in match.groupdict().items() if value}
    return timedelta(**parts).total_seconds()
