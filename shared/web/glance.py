"""The evidence in a few lines, each of which leads to the whole of it on the page."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain.evidence import Evidence
from shared.domain.release import Outcome
from shared.web.changes import groups_of
from shared.web.facts import Facts
from shared.web.formats import latency


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know."""

    words: str
    section: str
    """Id of the section that has the whole of it."""


def glance(facts: Facts) -> list[Line]:
    """What to know at first."""
    evidence = facts.evidence
    return [*_measured(facts), *_beside(evidence), *_changes(evidence), *_skipped(evidence)]


def _measured(facts: Facts) -> Iterator[Line]:
    for each in facts.measurements[-1:]:
        probe = each.probe
        found = "; ".join(probe.problems) or "as expected"
        took = latency(probe.latency_seconds)
        yield Line(f"{each.stage.name}: answered {probe.status} in {took}, {found}", "measured")


def _beside(evidence: Evidence) -> Iterator[Line]:
    model = evidence.current and (evidence.current.source or evidence.current.model)
    if evidence.current is None:
        yield Line("Nothing serves yet", "beside")
        return
    serves = f"Version {model.version}" if model else "A version that is not known"
    answered = [each for each in evidence.comparisons if each.candidate and each.current]
    count = sum(each.difference_count for each in answered)
    found = f"; {_counted(count, 'difference')} in the answers" if answered else ""
    yield Line(f"{serves} serves now{found}", "beside")


def _changes(evidence: Evidence) -> Iterator[Line]:
    groups = groups_of(evidence.changes)
    if groups:
        kinds = ", ".join(f"{group.title.lower()} ({len(group.changes)})" for group in groups)
        yield Line(f"Changes in {kinds}", "changes")


def _skipped(evidence: Evidence) -> Iterator[Line]:
    if evidence.skipped_note:
        yield Line("Which versions were skipped is not known", "skipped")
    count = len(evidence.skipped) + evidence.skipped_more
    if not count:
        return
    rejected = sum(each.outcome is Outcome.REJECTED for each in evidence.skipped)
    of_them = f", {rejected} of them rejected" if rejected else ""
    yield Line(f"You also accept {_counted(count, 'skipped version')}{of_them}", "skipped")


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
