"""Which orchestration versions may run: `versionMatchStrategy` and `versionFailureStrategy`.

DurableTask.Core compares the version of every orchestration with host.json's `defaultVersion`
before the worker sees it; the Python SDK compares nothing.
"""

import enum
import re
from dataclasses import dataclass

_DOTNET_VERSION = re.compile(r"\d+(\.\d+){1,3}")
"""What .NET's `Version.TryParse` takes: two to four numbers, so a bare `1` is text."""


class VersionMatch(enum.Enum):
    """host.json's `versionMatchStrategy`."""

    NONE = "None"
    """Everything runs."""
    STRICT = "Strict"
    """Only the very text of `defaultVersion`: a child without a version never runs."""
    CURRENT_OR_OLDER = "CurrentOrOlder"
    """Nothing above `defaultVersion`."""


class VersionFailure(enum.Enum):
    """host.json's `versionFailureStrategy`."""

    REJECT = "Reject"
    """Never delivered; the instance keeps its status."""
    FAIL = "Fail"
    """The instance fails with `VersionMismatch`."""


@dataclass(frozen=True)
class VersionPolicy:
    """The three version settings of host.json."""

    default: str | None
    """Given to what clients and entities start without a version; never to children."""
    match: VersionMatch
    failure: VersionFailure

    def accepts(self, version: str | None) -> bool:
        """Whether an orchestration of `version` may run here."""
        if self.match is VersionMatch.NONE:
            return True
        if self.match is VersionMatch.STRICT:
            return (version or "") == (self.default or "")
        return compare(version, self.default) <= 0


def compare(left: str | None, right: str | None) -> int:
    """Order two versions as DurableTask.Core does: negative, zero or positive.

    No version is below any; dotted numbers compare as numbers, with a missing part below 0
    (`1.0` < `1.0.0`); all else compares as text, without case.
    """
    if not left or not right:
        return bool(left) - bool(right)
    if _DOTNET_VERSION.fullmatch(left) and _DOTNET_VERSION.fullmatch(right):
        ordered_left, ordered_right = _numbers(left), _numbers(right)
        return (ordered_left > ordered_right) - (ordered_left < ordered_right)
    return (left.casefold() > right.casefold()) - (left.casefold() < right.casefold())


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
