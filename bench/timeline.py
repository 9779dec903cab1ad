"""Where a release's time goes: what Azure ML was at work, and what came between."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds since the epoch."""

    name: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that ends a stretch of the service's own work."""

    name: str
    at: float


def between(start: float, end: float, busy: Sequence[Span], marks: Iterable[Mark]) -> list[Span]:
    """The stretches outside `busy`, cut at `marks` and named after what ends each of them.

    Args:
        start: When the release began.
        end: When it ended.
        busy: What was unavoidable; may overlap.
        marks: Moments in between; those inside `busy` cut nothing.
    """
    edges = [Mark(f"{span.name} begins", span.start) for span in busy]
    cuts = sorted([*edges, *marks, Mark("end", end)], key=lambda mark: mark.at)
    found: list[Span] = []
    at = start
    for cut in cuts:
        free = _free(Span(cut.name, at, min(cut.at, end)), busy)
        found += [free] if free.seconds > 0 else []
        at = max(at, cut.at)
    return found


def _free(stretch: Span, busy: Sequence[Span]) -> Span:
    """The stretch from the end of what was busy in it: it has a cut at every beginning."""
    start = max([stretch.start, *(s.end for s in busy if s.start < stretch.end)])
    return Span(stretch.name, min(start, stretch.end), stretch.end)
