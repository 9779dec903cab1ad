"""Versions that wait at the same gate, and older ones that give way."""

import logging
from collections.abc import Container
from dataclasses import replace
from typing import Final

from shared.domain.policy import Supersede
from shared.domain.release import EventType, Release, ReleaseId
from shared.domain.trail import Change
from shared.domain.transitions import is_waiting
from shared.ports import ConflictError
from shared.workflow.turn import Turn

logger = logging.getLogger(__name__)

TRIES: Final = 10
"""How often a release that others write meanwhile is read again."""


def give_way(turn: Turn, supersede: Supersede) -> list[ReleaseId]:
    """Where newer replaces older, end what is older at this gate; whom to ring.

    Called once this release stands at the gate itself: of two that come at the same time at least
    one sees the other.
    """
    if supersede is not Supersede.REPLACE:
        return []
    rivals = _rivals(turn)
    newer = [each for each in rivals if each.is_newer_than(turn.release) and _stays(each)]
    if newer:
        _mark(turn, turn.release.id, by=newer[-1])
        stored = turn.services.store.get(release_id=turn.release.id)
        turn.stored = stored or turn.stored
    return end_older(turn)


def end_older(turn: Turn, only: Container[ReleaseId] | None = None) -> list[ReleaseId]:
    """Mark the older releases that wait at this gate as superseded by this one; whom to ring.

    Args:
        turn: Of the newer one.
        only: Which of them; None for all.
    """
    older = [
        each
        for each in _rivals(turn)
        if turn.release.is_newer_than(each) and (only is None or each.id in only)
    ]
    return [each.id for each in older if _mark(turn, each.id, by=turn.release)]


def _rivals(turn: Turn) -> list[Release]:
    waiting = turn.services.store.waiting(pipeline=turn.release.pipeline, stage=turn.record.name)
    return [
        each
        for each in waiting
        if each.id != turn.release.id and each.model.name == turn.release.model.name
    ]


def _stays(release: Release) -> bool:
    """Whether nothing is known that ends a release before people do."""
    return (release.ending, release.abort_requested_by, release.superseded_by) == (None, None, None)


def _mark(turn: Turn, release_id: ReleaseId, *, by: Release) -> bool:
    """Write down that `by` takes a release's place; False where it waits no more."""
    for _ in range(TRIES):
        stored = turn.services.store.get(release_id=release_id)
        if stored is None or not is_waiting(stored.release, turn.record.name):
            return False
        if stored.release.superseded_by is not None:
            return True
        change = Change(replace(stored.release, superseded_by=by.id)).noting(
            EventType.SUPERSEDED,
            f"Version {by.model.version} takes its place at the gate of {turn.record.name}",
            at=turn.now,
            stage=turn.record.name,
            details={"by": by.id, "version": by.model.version},
        )
        try:
            turn.services.store.save(stored=stored, release=change.release, events=change.events)
        except ConflictError:
            continue
        logger.info("release %s: superseded by %s", release_id, by.id)
        return True
    raise ConflictError(release_id)
