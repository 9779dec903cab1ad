"""What people were shown, as JSON."""

from collections.abc import Mapping

from shared.domain.artefacts import Artefact
from shared.domain.evidence import (
    Answered,
    Check,
    Comparison,
    Current,
    Difference,
    Evidence,
    Skipped,
)
from shared.domain.pipeline import Json
from shared.web.documents.parts import model_document, moment, probe_document

VARIABLES = "environment_variables"

HIDDEN = "not shown"
"""Stands for the value of an environment variable among what has changed."""


def evidence_document(evidence: Evidence) -> dict[str, Json]:
    """What people were shown."""
    current = evidence.current
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
        "files": [_file(each) for each in evidence.files],
        "schema": evidence.schema,
        "probes": {stage: probe_document(probe) for stage, probe in evidence.probes.items()},
        "configuration": shown_configuration(evidence.configuration),
        "terms": evidence.terms,
        "current": _current(current) if current else None,
        "comparisons": [_comparison(each) for each in evidence.comparisons],
        "changes": [_difference(each) for each in evidence.changes],
        "changes_note": evidence.changes_note or None,
        "skipped": [_skipped(each) for each in evidence.skipped],
        "skipped_more": evidence.skipped_more,
        "skipped_note": evidence.skipped_note or None,
        "checks": [_check(each) for each in evidence.checks],
        "changed_since": [_difference(each) for each in evidence.changed_since],
    }


def shown_configuration(configuration: Mapping[str, Json]) -> dict[str, Json]:
    """A stage's configuration with the names of its environment variables alone.

    Their values may be secrets, and what short ones were is found out from their digests; the ask's
    digest covers them all the same.
    """
    return {name: _without_values(name, value) for name, value in configuration.items()}


def _without_values(name: str, value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    if name == VARIABLES:
        return list[Json](sorted(value))
    return {inner: _without_values(inner, each) for inner, each in value.items()}


def _difference(difference: Difference) -> dict[str, Json]:
    parts = difference.field.split(".")
    before, after = (_side(parts, value) for value in (difference.before, difference.after))
    return {"field": difference.field, "before": before, "after": after}


def _side(parts: list[str], value: Json) -> Json:
    if VARIABLES in parts[:-1]:
        return None if value is None else HIDDEN
    return _without_values(parts[-1], value)


def _file(file: Artefact) -> dict[str, Json]:
    return {"name": file.name, "size": file.size, "etag": file.etag, "md5": file.md5}


def _current(current: Current) -> dict[str, Json]:
    return {
        "deployment": current.deployment,
        "percent": current.percent,
        "model": model_document(current.model) if current.model else None,
        "source": model_document(current.source) if current.source else None,
        "release_id": current.release_id,
        "registered_at": moment(current.registered_at),
        "is_newer": current.is_newer,
    }


def _comparison(comparison: Comparison) -> dict[str, Json]:
    return {
        "request": comparison.request,
        "candidate": _answered(comparison.candidate) if comparison.candidate else None,
        "current": _answered(comparison.current) if comparison.current else None,
        "note": comparison.note or None,
        "differences": [_difference(each) for each in comparison.differences],
        "difference_count": comparison.difference_count,
    }


def _answered(answer: Answered) -> dict[str, Json]:
    return {
        "status": answer.status,
        "latency_seconds": answer.latency_seconds,
        "body": answer.body,
    }


def _skipped(skipped: Skipped) -> dict[str, Json]:
    return {
        "version": skipped.version,
        "registered_at": moment(skipped.registered_at),
        "release_id": skipped.release_id,
        "outcome": skipped.outcome.value if skipped.outcome else None,
        "words": skipped.words,
        "rejections": list(skipped.rejections),
    }


def _check(check: Check) -> dict[str, Json]:
    return {"name": check.name, "passed": check.passed, "words": check.words}
