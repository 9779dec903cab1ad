"""Which releases wait for people at which gate: a list of the table `index` for each gate."""

import logging
from collections.abc import Iterable

from shared.adapters.store import keys
from shared.adapters.store.index import TABLE, open_key
from shared.adapters.store.tables import Tables
from shared.domain.errors import StepError
from shared.domain.release import Release, ReleaseId, StageRecord, StageState
from shared.domain.transitions import is_waiting

logger = logging.getLogger(__name__)

_AFTER_ALL = "~"


class Gates:
    """A release's row is written before the release waits and deleted once it waits no more."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def enter(self, release: Release) -> None:
        """Put a release that is about to wait on its gate's list.

        Again with every write while it waits: so one that waited before there was this list comes
        onto it, too.
        """
        for stage in release.stages:
            if is_waiting(release, stage.name):
                partition, row = _keys(release, stage.name)
                self._tables.put(
                    TABLE, {"PartitionKey": partition, "RowKey": row, "release": release.id}
                )

    def leave(self, release: Release, before: Release) -> None:
        """Take a release off the lists of the gates that it waited at before."""
        for stage in before.stages:
            if is_waiting(before, stage.name):
                self.clear(release, stage.name)

    def clear(self, release: Release, stage: str) -> None:
        """Take a release off a gate's list, if it will never wait there again.

        A row too many does no harm, so a failure does none either.
        """
        if not _has_passed(release, release.stage_named(stage)):
            return
        try:
            self._tables.delete(TABLE, *_keys(release, stage))
        except StepError as error:
            logger.warning("release %s: stays listed as waiting: %s", release.id, error)

    def listed(self, pipeline: str, stage: str) -> Iterable[ReleaseId]:
        """The releases on a gate's list, oldest first; some may not wait yet, or no more."""
        rows = self._tables.between(TABLE, _list(pipeline, stage), after="", before=_AFTER_ALL)
        return [ReleaseId(row["release"]) for row in rows]


def _has_passed(release: Release, stage: StageRecord) -> bool:
    """Whether it will not wait there any more: no transition leads back to a gate."""
    return release.is_over or stage.state not in (StageState.PENDING, StageState.WAITING)


def _keys(release: Release, stage: str) -> tuple[str, str]:
    return _list(release.pipeline, stage), open_key(release)


def _list(pipeline: str, stage: str) -> str:
    return f"waiting:{keys.escaped(pipeline)}|stage:{keys.escaped(stage)}"
