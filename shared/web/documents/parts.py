"""What all documents have in common."""

from datetime import UTC, datetime

from shared.domain.calendar import in_zone
from shared.domain.pipeline import Json
from shared.domain.release import ModelVersion, Probe


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond, with `Z`."""
    if at is None:
        return None
    return in_zone(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
