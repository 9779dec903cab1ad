"""What is other than before, in words and groups that people take in at a glance."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.domain.evidence import Comparison, Difference
from shared.domain.pipeline import Json
from shared.web.formats import NONE, latency, shown, size

SHORT: Final = 40
"""Characters up to which two values stand in one line."""

_VARIABLE = re.compile(r"(?:.*\.)?environment_variables\.(.+)")

_TITLES: Final = {
    "metrics": "Metrics",
    "configuration": "Environment and configuration",
    "files": "Files",
    "skipped": "Skipped versions",
    "schema": "Schema",
    "tags": "Tags",
    "properties": "Properties",
    "description": "Description and type",
}
"""In the order in which they are shown; what begins with none of these comes last."""

_ALIASES: Final = {"model_type": "description"}
OTHER: Final = "Other"


@dataclass(frozen=True, slots=True)
class Change:
    """A value that is not as it was."""

    name: str
    before: str
    after: str
    delta: str = ""
    """Of two numbers: `+0.02 (+4.1 %)`."""

    @property
    def is_long(self) -> bool:
        """Whether both values in one line would not be read."""
        longest = max(len(self.before), len(self.after))
        return longest > SHORT or "\n" in self.before + self.after


@dataclass(frozen=True, slots=True)
class Group:
    """Changes of one kind."""

    title: str
    changes: tuple[Change, ...]

    @property
    def is_metrics(self) -> bool:
        """Whether these are numbers, for a table."""
        return self.title == _TITLES["metrics"]


def groups_of(differences: Iterable[Difference]) -> list[Group]:
    """Changes by kind, metrics first."""
    found: dict[str, list[Change]] = {}
    for each in differences:
        kind = re.split(r"[.\[]", each.field, maxsplit=1)[0]
        kind = _ALIASES.get(kind, kind)
        title = _TITLES.get(kind, OTHER)
        found.setdefault(title, []).append(change_of(each, within=kind))
    order = [*_TITLES.values(), OTHER]
    return [Group(title, tuple(found[title])) for title in order if title in found]


def change_of(difference: Difference, within: str = "") -> Change:
    """A difference in words.

    Values of environment variables are told by no more than whether they are set.

    Args:
        difference: What differs.
        within: The group under whose title it is shown, whose name it need not repeat.
    """
    before, after = difference.before, difference.after
    name = difference.field.removeprefix(f"{within}.") if within else difference.field
    variable = _VARIABLE.fullmatch(difference.field)
    if variable:
        name = f"environment variable {variable[1]}"
        other = before is not None and after is not None
        return Change(name, _is_set(before), "set otherwise" if other else _is_set(after))
    if within == "files":
        return Change(name, _file(before), _file(after), _file_delta(before, after))
    return Change(name or "value", shown(before), shown(after), delta(before, after))


def beside(comparison: Comparison) -> str:
    """In one line, how a candidate answers beside what serves now."""
    candidate, current = comparison.candidate, comparison.current
    if candidate is None or current is None:
        return comparison.note or "not answered by both"
    count = comparison.difference_count
    found = {0: "no difference", 1: "1 difference"}.get(count, f"{count} differences")
    times = f"{latency(candidate.latency_seconds)} against {latency(current.latency_seconds)} now"
    return f"answered {candidate.status} in {times}, {found}"


def delta(before: Json, after: Json) -> str:
    """By how much a number has changed; empty where these are no two numbers."""
    if not _is_number(before) or not _is_number(after):
        return ""
    assert isinstance(before, int | float)
    assert isinstance(after, int | float)
    try:
        difference = after - before
        percent = f" ({difference / abs(before) * 100:+.1f}\N{NO-BREAK SPACE}%)" if before else ""
        return f"{difference:+.6g}{percent}"
    except OverflowError:  # JSON's whole numbers may be larger than any float
        return ""


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_set(value: Json) -> str:
    return "not set" if value is None else "set"


def _file(value: Json) -> str:
    if not isinstance(value, dict):
        return NONE
    count = value.get("size")
    return size(count) if isinstance(count, int) else "there"


def _file_delta(before: Json, after: Json) -> str:
    if not isinstance(before, dict):
        return "added"
    if not isinstance(after, dict):
        return "removed"
    is_as_large = before.get("size") == after.get("size")
    return "other content of the same size" if is_as_large else "changed"
