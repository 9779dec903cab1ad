"""Reserved endpoints: one row each, whose creation is the reservation."""

from shared.adapters.store import keys
from shared.adapters.store.tables import (
    Row,
    RowChangedError,
    RowExistsError,
    Tables,
    creating,
    deleting,
    replacing,
)
from shared.domain.errors import technical
from shared.domain.pipeline import Stage
from shared.domain.release import ReleaseId

TABLE = "locks"
ATTEMPTS = 5


class Locks:
    """The table `locks`. ARM ids and endpoint names ignore case, so the keys do."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def take(self, stage: Stage, release_id: ReleaseId) -> ReleaseId:
        """Reserve the endpoint, if it is free; who has it now."""
        for _ in range(ATTEMPTS):
            try:
                self._tables.transact(TABLE, [creating(_row(stage, release_id))])
            except RowExistsError:
                found = self._read(stage)
                if found is not None:
                    return found[0]
                # given back between the two calls: try again
            else:
                return release_id
        raise technical(
            "EndpointContended",
            f"Endpoint {stage.endpoint} was taken and given back {ATTEMPTS} times in a row.",
            retryable=True,
        )

    def hand_on(self, stage: Stage, holder: ReleaseId, release_id: ReleaseId) -> bool:
        """Move the reservation from one release to another; False when it was not there."""
        found = self._read(stage)
        if found is None or found[0] != holder:
            return False
        try:
            self._tables.transact(TABLE, [replacing(_row(stage, release_id), found[1])])
        except RowChangedError:
            return False
        return True

    def free(self, stage: Stage, release_id: ReleaseId) -> None:
        """Delete the reservation, if this release has it."""
        found = self._read(stage)
        if found is None or found[0] != release_id:
            return
        try:
            self._tables.transact(TABLE, [deleting(_row(stage, release_id), found[1])])
        except RowChangedError:
            return  # handed on meanwhile: not ours any more

    def _read(self, stage: Stage) -> tuple[ReleaseId, str] | None:
        found = self._tables.get(TABLE, *_keys(stage))
        return None if found is None else (ReleaseId(found[0]["holder"]), found[1])


def _keys(stage: Stage) -> tuple[str, str]:
    return keys.escaped(stage.workspace.arm_id.casefold()), keys.escaped(stage.endpoint.casefold())


def _row(stage: Stage, release_id: ReleaseId) -> Row:
    partition, row = _keys(stage)
    return {"PartitionKey": partition, "RowKey": row, "holder": release_id}
