"""The audit trail: every change of a release is a new release with its numbered events."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from shared.domain.names import release_ids
from shared.domain.pipeline import Json, Pipeline
from shared.domain.release import (
    AuditEvent,
    EventType,
    ModelVersion,
    Release,
    ReleaseId,
    StageRecord,
)

SERVICE = "modelgate"
"""The actor of what nobody in particular did."""


@dataclass(frozen=True, slots=True)
class Change:
    """A release as it shall be, and the events that say how it came to be so."""

    release: Release
    events: tuple[AuditEvent, ...] = ()

    def noting(
        self,
        type_: EventType,
        message: str,
        *,
        at: datetime,
        stage: str | None = None,
        actor: str = SERVICE,
        details: Mapping[str, Json] | None = None,
    ) -> Self:
        """This change with one more event."""
        event = AuditEvent(
            release_id=self.release.id,
            number=self.release.last_event + 1,
            type=type_,
            at=at,
            stage=stage,
            actor=actor,
            message=message,
            details=dict(details or {}),
        )
        release = replace(self.release, last_event=event.number, updated_at=at)
        return replace(self, release=release, events=(*self.events, event))


def begin(
    pipeline: Pipeline,
    model: ModelVersion,
    *,
    at: datetime,
    release_id: ReleaseId | None = None,
    attempt: int = 1,
    requested_by: str | None = None,
    details: Mapping[str, Json] | None = None,
) -> Change:
    """A new release of a model version, with its first event.

    Args:
        pipeline: Which it goes through.
        model: Exactly one version.
        at: Now.
        release_id: One of `release_ids`; None for the first.
        attempt: 1 for the first.
        requested_by: Who started it by hand; None when the registration did.
        details: Of the first event.
    """
    release = Release(
        id=release_id or release_ids(pipeline.name, model, attempt)[0],
        pipeline=pipeline.name,
        model=model,
        workspace=pipeline.source.arm_id,
        attempt=attempt,
        created_at=at,
        updated_at=at,
        stages=tuple(StageRecord(name=stage.name) for stage in pipeline.stages),
        requested_by=requested_by,
    )
    who = f"by {requested_by}" if requested_by else f"on registration in {pipeline.source.name}"
    return Change(release).noting(
        EventType.STARTED,
        f"Release of {model.name} version {model.version} started {who}",
        at=at,
        actor=requested_by or SERVICE,
        details=details,
    )
