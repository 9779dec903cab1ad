"""Releases and what belongs to them as JSON. `docs/api.md` describes every field.

Never in here: tokens, Azure operation URLs, values of environment variables.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from shared.domain.ask import Ask
from shared.domain.decision import Decision
from shared.domain.evidence import Evidence
from shared.domain.pipeline import Json
from shared.domain.release import (
    AuditEvent,
    IgnoredEvent,
    ModelVersion,
    Probe,
    Release,
    ReleaseId,
    StageRecord,
)


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond, with `Z`."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def release_path(release_id: ReleaseId) -> str:
    """Where a release is shown."""
    return f"/api/releases/{release_id}"


def release_summary(release: Release, base_url: str = "") -> dict[str, Json]:
    """A release as lists have it."""
    stage = release.stage
    here = base_url + release_path(release.id)
    return {
        "id": release.id,
        "pipeline": release.pipeline,
        "model": model_document(release.model),
        "workspace": release.workspace,
        "attempt": release.attempt,
        "requested_by": release.requested_by,
        "abort_requested_by": release.abort_requested_by,
        "stage": stage.name if stage else None,
        "state": stage.state.value if stage else None,
        "waits_for": stage.waits_for if stage and not release.is_over else None,
        "outcome": release.outcome.value if release.outcome else None,
        "reason": release.reason,
        "created_at": moment(release.created_at),
        "updated_at": moment(release.updated_at),
        "ended_at": moment(release.ended_at),
        "links": {"self": here, "events": f"{here}/events", "abort": f"{here}/abort"},
    }


def release_document(
    release: Release,
    *,
    decisions: Sequence[Decision],
    evidence: Sequence[Evidence],
    base_url: str = "",
) -> dict[str, Json]:
    """A release with its stages, decisions and evidence."""
    return release_summary(release, base_url) | {
        "artefact_digest": release.artefact_digest,
        "last_event": release.last_event,
        "stages": [stage_document(stage) for stage in release.stages],
        "decisions": [decision_document(decision) for decision in decisions],
        "evidence": [evidence_document(each) for each in evidence],
    }


def stage_document(stage: StageRecord) -> dict[str, Json]:
    """What has happened in one stage."""
    return {
        "name": stage.name,
        "state": stage.state.value,
        "started_at": moment(stage.started_at),
        "ended_at": moment(stage.ended_at),
        "endpoint": stage.endpoint,
        "deployment": stage.deployment,
        "model": model_document(stage.model) if stage.model else None,
        "waits_for": stage.waits_for,
        "traffic_before": None if stage.traffic_before is None else dict(stage.traffic_before),
        "probe": probe_document(stage.probe) if stage.probe else None,
        "ask": ask_document(stage.ask) if stage.ask else None,
    }


def model_document(model: ModelVersion) -> dict[str, Json]:
    """Exactly one version of a model."""
    return {"name": model.name, "version": model.version}


def probe_document(probe: Probe) -> dict[str, Json]:
    """What one sample request measured."""
    return {
        "status": probe.status,
        "latency_seconds": probe.latency_seconds,
        "problems": list(probe.problems),
    }


def ask_document(ask: Ask) -> dict[str, Json]:
    """Who is asked, until when."""
    return {
        "number": ask.number,
        "asked_at": moment(ask.asked_at),
        "expires_at": moment(ask.expires_at),
        "digest": ask.digest,
        "approvers": list(ask.approvers),
        "mailed": list(ask.mailed),
        "used": ask.used,
    }


def decision_document(decision: Decision) -> dict[str, Json]:
    """One person's answer."""
    return {
        "stage": decision.stage,
        "ask": decision.ask,
        "approver": decision.approver,
        "choice": decision.choice.value,
        "comment": decision.comment,
        "at": moment(decision.at),
        "digest": decision.digest,
    }


def evidence_document(evidence: Evidence) -> dict[str, Json]:
    """What people were shown."""
    return {
        "stage": evidence.stage,
        "ask": evidence.ask,
        "model_type": evidence.model_type,
        "description": evidence.description,
        "tags": dict(evidence.tags),
        "properties": dict(evidence.properties),
        "registered_by": evidence.registered_by,
        "registered_at": moment(evidence.registered_at),
        "file_count": evidence.file_count,
        "total_bytes": evidence.total_bytes,
        "artefact_digest": evidence.artefact_digest,
        "probes": {stage: probe_document(probe) for stage, probe in evidence.probes.items()},
        "configuration": shown_configuration(evidence.configuration),
    }


def shown_configuration(configuration: Mapping[str, Json]) -> dict[str, Json]:
    """A stage's configuration with the names of its environment variables alone.

    Their values may be secrets; the digest covers them all the same.
    """
    shown = dict(configuration)
    variables = shown.get("environment_variables")
    if isinstance(variables, dict):
        shown["environment_variables"] = list[Json](sorted(variables))
    return shown


def event_document(event: AuditEvent) -> dict[str, Json]:
    """One line of the audit trail."""
    return {
        "number": event.number,
        "type": event.type.value,
        "at": moment(event.at),
        "stage": event.stage,
        "actor": event.actor,
        "message": event.message,
        "details": dict(event.details),
    }


def ignored_document(event: IgnoredEvent) -> dict[str, Json]:
    """A registration that started nothing."""
    return {
        "event_id": event.event_id,
        "at": moment(event.at),
        "workspace": event.workspace,
        "model": model_document(event.model) if event.model else None,
        "reason": event.reason,
    }
