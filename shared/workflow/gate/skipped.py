"""The versions between the one that serves and the one that is asked about."""

from typing import Final

from shared.domain.decision import Choice
from shared.domain.evidence import Current, Skipped
from shared.domain.names import release_id
from shared.domain.release import ModelVersion, Release
from shared.ports import RegisteredVersion
from shared.workflow.turn import Turn

LISTED: Final = 100
"""Versions that are looked at."""

SHOWN: Final = 20
"""Versions that are shown, the newest."""

MOST_ATTEMPTS: Final = 20


def skipped_versions(turn: Turn, current: Current | None) -> tuple[list[Skipped], int]:
    """What is accepted along with the version that is asked about, and how much more there is.

    Whoever approves version 9 over version 5 takes on what was done in 6, 7 and 8, too.
    """
    if current is None or current.source is None or current.is_newer:
        return [], 0
    model = turn.release.model
    versions = turn.services.models.versions(
        workspace=turn.pipeline.source, name=model.name, limit=LISTED
    )
    between = [each for each in versions if _is_between(each, turn.release, current)]
    return [_skipped(turn, each) for each in between[:SHOWN]], len(between[SHOWN:])


def _is_between(version: RegisteredVersion, release: Release, current: Current) -> bool:
    ends = (release.model.version, current.source.version if current.source else "")
    if version.version in ends:
        return False
    first, at, last = current.registered_at, version.created_at, release.registered_at
    if first is not None and at is not None and last is not None:
        return first <= at <= last
    numbers = [text for text in (*ends, version.version) if text.isdecimal()]
    return len(numbers) == 3 and int(ends[1]) < int(version.version) < int(ends[0])


def _skipped(turn: Turn, version: RegisteredVersion) -> Skipped:
    release = _newest_attempt(turn, version.version)
    if release is None:
        words = f"Registered by {version.created_by or 'somebody'}, and not released."
        return Skipped(version.version, version.created_at, None, None, words)
    decisions = turn.services.store.decisions(release_id=release.id)
    newest = {(each.stage, each.ask, each.approver): each for each in decisions}
    return Skipped(
        version.version,
        version.created_at,
        release.id,
        release.outcome,
        release.reason or "It is still under way.",
        tuple(
            f"{each.approver}: {each.comment}"
            for each in newest.values()
            if each.choice is Choice.REJECT
        ),
    )


def _newest_attempt(turn: Turn, version: str) -> Release | None:
    model = ModelVersion(turn.release.model.name, version)
    newest: Release | None = None
    for attempt in range(1, MOST_ATTEMPTS + 1):
        name = release_id(turn.release.pipeline, model, attempt)
        stored = turn.services.store.get(release_id=name)
        if stored is None:
            break
        newest = stored.release
    return newest
