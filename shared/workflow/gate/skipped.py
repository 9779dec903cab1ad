"""The versions between the one that serves and the one that is asked about."""

from collections.abc import Sequence
from typing import Final

from shared.domain.evidence import Current, Difference, Skipped, skipped_by
from shared.domain.names import release_ids
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


def why_unknown(turn: Turn, current: Current | None) -> str:
    """Why it cannot be said which versions were skipped; empty where it can."""
    if current is None or current.source is not None:
        return ""
    return (
        f"What {turn.stage.endpoint} serves was not released here. Whether it is older, and which "
        "versions were skipped since, is not known."
    )


def rejected_since(turn: Turn, shown: Sequence[Skipped]) -> list[Difference]:
    """Rejections of skipped versions that people were not shown."""
    store, found = turn.services.store, []
    for each in shown:
        stored = store.get(release_id=each.under_way) if each.under_way else None
        if stored is None:
            continue
        decisions = store.decisions(release_id=stored.release.id)
        now = skipped_by(each.version, each.registered_at, stored.release, decisions)
        new = [said for said in now.rejections if said not in each.rejections]
        if new:
            found.append(Difference(f"skipped.version {each.version}", each.words, "; ".join(new)))
    return found


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
    return skipped_by(version.version, version.created_at, release, decisions)


def _newest_attempt(turn: Turn, version: str) -> Release | None:
    model = ModelVersion(turn.release.model.name, version)
    newest: Release | None = None
    for attempt in range(1, MOST_ATTEMPTS + 1):
        release = _attempt(turn, model, attempt)
        if release is None:
            break
        newest = release
    return newest


def _attempt(turn: Turn, model: ModelVersion, attempt: int) -> Release | None:
    pipeline = turn.release.pipeline
    for release_id in release_ids(pipeline, model, attempt):
        stored = turn.services.store.get(release_id=release_id)
        if stored is None or stored.release.is_of(pipeline, model):
            return stored.release if stored else None
    return None
