"""Rows of a release's partition."""

from typing import Any

from shared.adapters.store import keys
from shared.adapters.store.documents import encode
from shared.adapters.store.tables import Operation, creating
from shared.domain.decision import Decision
from shared.domain.evidence import Evidence
from shared.domain.names import person_key
from shared.domain.release import AuditEvent, Release

RELEASE = "release"
"""The row of the release itself."""


def release_row(release: Release) -> dict[str, Any]:
    """The release, with a few flat columns for people who look with Storage Explorer."""
    return {
        "PartitionKey": keys.escaped(release.id),
        "RowKey": RELEASE,
        "pipeline": release.pipeline,
        "model": release.model.name,
        "version": release.model.version,
        "outcome": release.outcome,
        "created_at": release.created_at,
        "updated_at": release.updated_at,
        **encode(release),
    }


def once(item: AuditEvent | Decision | Evidence) -> Operation:
    """The operation that writes what is written once."""
    partition = keys.escaped(item.release_id)
    return creating({"PartitionKey": partition, "RowKey": _key(item), **encode(item)})


def _key(item: AuditEvent | Decision | Evidence) -> str:
    match item:
        case AuditEvent():
            return keys.audit(item.number)
        case Decision():
            return keys.decision(item.stage, item.ask, person_key(item.approver), item.revision)
        case Evidence():
            return keys.evidence(item.stage, item.ask)
