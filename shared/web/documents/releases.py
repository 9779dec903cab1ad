"""Releases, their audit trail, and what belongs to them, as JSON."""

from collections.abc import Sequence

from shared.domain.decision import Decision
from shared.domain.evidence import Evidence
from shared.domain.fetch import Fetch
from shared.domain.pipeline import Json
from shared.domain.release import (
    AuditEvent,
    FailedAnswer,
    IgnoredEvent,
    Release,
    ReleaseId,
    StageRecord,
)
from shared.web.documents.asking import ask_document, decision_document, shortage_document
from shared.web.documents.evidence import evidence_document
from shared.web.documents.parts import model_document, moment, probe_document


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
        "registered_by": release.registered_by,
        "registered_at": moment(release.registered_at),
        "requested_by": release.requested_by,
        "abort_requested_by": release.abort_requested_by,
        "superseded_by": release.superseded_by,
        "stage": stage.name if stage else None,
        "state": stage.state.value if stage else None,
        "waits_for": stage.waits_for if stage and not release.is_over else None,
        "outcome": release.outcome.value if release.outcome else None,
        "reason": release.reason,
        "created_at": moment(release.created_at),
        "updated_at": moment(release.updated_at),
        "ended_at": moment(release.ended_at),
        "links": {
            "self": here,
            "events": f"{here}/events",
            "abort": f"{here}/abort",
            "revoke": f"{here}/revoke",
        },
    }


def release_document(
    release: Release,
    *,
    decisions: Sequence[Decision],
    evidence: Sequence[Evidence],
    fetches: Sequence[Fetch],
    unreadable: Sequence[str] = (),
    base_url: str = "",
) -> dict[str, Json]:
    """A release with its stages, decisions, evidence, and what has opened its links.

    Args:
        release: As it is stored.
        decisions: All over it.
        evidence: Of its asks.
        fetches: Openings of its links.
        unreadable: Which of these are left out, since this version cannot read them.
        base_url: Begins the links.
    """
    return release_summary(release, base_url) | {
        "artefact_digest": release.artefact_digest,
        "last_event": release.last_event,
        "stages": [stage_document(stage) for stage in release.stages],
        "decisions": [decision_document(decision) for decision in decisions],
        "evidence": [evidence_document(each) for each in evidence],
        "fetches": [fetch_document(fetch) for fetch in fetches],
        "unreadable": list(unreadable),
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
        "failed_answer": _failed_answer(stage.failed_answer),
        "ask": ask_document(stage.ask) if stage.ask else None,
        "shortage": shortage_document(stage.shortage) if stage.shortage else None,
    }


def _failed_answer(answer: FailedAnswer | None) -> Json:
    if answer is None:
        return None
    return {
        "status": answer.status,
        "body": answer.body,
        "headers": dict(answer.headers),
        "log": answer.log,
    }


def fetch_document(fetch: Fetch) -> dict[str, Json]:
    """Openings of one link by one kind of visitor."""
    return {
        "stage": fetch.stage,
        "ask": fetch.ask,
        "person": fetch.person,
        "kind": fetch.kind.value,
        "why": fetch.why,
        "first_at": moment(fetch.first_at),
        "last_at": moment(fetch.last_at),
        "count": fetch.count,
    }


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
