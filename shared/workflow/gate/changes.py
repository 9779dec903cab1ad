"""What is other in the version that is asked about than in the one that serves."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.artefacts import Artefact, FileSet
from shared.domain.errors import FailureKind, StepError
from shared.domain.evidence import Current, Difference, Evidence, differences, metrics_of
from shared.domain.pipeline import Json
from shared.ports import RegisteredModel
from shared.workflow.source import files_of
from shared.workflow.turn import Turn

OUR_TAGS = ("modelgate-", "azureml.")
"""Begins of the names that this service and Azure ML give tags and properties themselves."""


BY_MD5 = (
    "Files of the same size are told apart by the MD5 that is stored with them, which whoever "
    "writes a file may set."
)

VARIABLES = "configuration.environment_variables"
SHOWN_CHANGES = 200
SHOWN_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a version, as far as it can be compared."""

    description: dict[str, Json]
    files: tuple[Artefact, ...] | None
    """The first by name; None where they cannot be listed."""

    file_count: int
    """Of all of them."""

    schema: Json
    configuration: dict[str, Json] | None
    """None where it was deployed by somebody else."""


def changes_since(
    turn: Turn, current: Current | None, candidate: Known
) -> tuple[list[Difference], str]:
    """What has changed since the version that serves, and why that is not known in full."""
    if current is None:
        return [], f"{turn.stage.endpoint} serves nothing yet."
    before, note = _known_by_evidence(turn, current), ""
    if before is None:
        before = _known_to_azure(turn, current)
        note = "What serves was not approved here: its configuration is not known."
    if before is None:
        return [], f"What {turn.stage.endpoint} serves is no version that can be found any more."
    found = differences(_comparable(before, candidate), _comparable(candidate, before))
    differing, unknown = _differing_files(before, candidate)
    found += differing
    note = f"{note} {unknown}".strip()
    if len(found) > SHOWN_CHANGES:
        note = f"{note} {len(found) - SHOWN_CHANGES} more changes are not shown.".strip()
    return presentable(found[:SHOWN_CHANGES]), note


def presentable(found: Sequence[Difference]) -> list[Difference]:
    """Differences as they are kept and shown: without long texts, and without secrets.

    Of environment variables, whose values may be secrets, not even the digests are told.
    """
    return [
        Difference(each.field, _told(each.field, each.before), _told(each.field, each.after))
        for each in found
    ]


def _told(field: str, value: Json) -> Json:
    if field.startswith(VARIABLES):
        return None if value is None else "(hidden)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + " …"


def description_of(evidence: Evidence, model_type: str) -> dict[str, Json]:
    """Tags, properties and description by group, with the metrics among them apart."""
    return _description(model_type, evidence.description, evidence.tags, evidence.properties)


def _description(
    model_type: str, description: str, tags: dict[str, str], properties: dict[str, str]
) -> dict[str, Json]:
    metrics = metrics_of(tags, properties)

    def without_metrics(values: dict[str, str]) -> dict[str, Json]:
        return {
            name: value
            for name, value in values.items()
            if name not in metrics and not name.startswith(OUR_TAGS)
        }

    return {
        "metrics": dict(metrics),
        "model_type": model_type,
        "description": description,
        "tags": without_metrics(tags),
        "properties": without_metrics(properties),
    }


def _known_by_evidence(turn: Turn, current: Current) -> Known | None:
    """What people were shown when they approved the version that serves."""
    if current.release_id is None:
        return None
    stored = turn.services.store.get(release_id=current.release_id)
    records = stored.release.stages if stored else ()
    ask = next((record.ask for record in records if record.name == turn.stage.name), None)
    if ask is None:
        return None
    shown = turn.services.store.evidence(
        release_id=current.release_id, stage=turn.stage.name, ask=ask.number
    )
    if shown is None:
        return None
    return Known(
        description_of(shown, shown.model_type),
        shown.files,
        shown.file_count,
        shown.schema,
        shown.configuration,
    )


def _known_to_azure(turn: Turn, current: Current) -> Known | None:
    """What Azure ML tells of the version that serves."""
    if current.model is None:
        return None
    services, workspace = turn.services, turn.stage.workspace
    registered = services.models.get(workspace=workspace, model=current.model)
    if registered is None:
        return None
    container, path = registered.container, registered.path
    files = _files_that_serve(turn, registered)
    has_schema = registered.type == "mlflow_model" and files is not None
    return Known(
        _description(
            registered.type,
            registered.description,
            dict(registered.tags),
            dict(registered.properties),
        ),
        files.first if files else None,
        files.count if files else 0,
        services.artifacts.signature(container=container, path=path) if has_schema else None,
        None,
    )


def _comparable(known: Known, other: Known) -> dict[str, Json]:
    """One side of a comparison; what the other side does not know is left out."""
    sides: dict[str, Json] = {
        **known.description,
        "schema": known.schema,
    }
    if known.configuration is not None and other.configuration is not None:
        sides["configuration"] = known.configuration
    return sides


def _files_that_serve(turn: Turn, registered: RegisteredModel) -> FileSet | None:
    """The files of what serves; None where they are such as no release would take."""
    try:
        return files_of(turn, registered)
    except StepError as error:
        if error.failure.kind is FailureKind.MODEL:  # not the candidate's fault
            return None
        raise


def _differing_files(before: Known, candidate: Known) -> tuple[list[Difference], str]:
    """The files that differ, as far as they are known by name, and what is not known of them."""
    if before.files is None or candidate.files is None:
        return [], "The files of what serves cannot be listed."
    ends = [
        known.files[-1].name
        for known in (before, candidate)
        if known.files and known.file_count > len(known.files)
    ]
    old, new = (
        [file for file in files if not ends or file.name <= min(ends)]
        for files in (before.files, candidate.files)
    )
    was, now = _files(old, new), _files(new, old)
    found = [
        Difference(f"files.{name}", was.get(name), now.get(name))
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]
    notes = [f"Files after {min(ends)} are not compared by name."] if ends else []
    if any(was[name] == now[name] for name in was.keys() & now.keys()):
        notes.append(BY_MD5)
    return found, " ".join(notes)


def _files(files: Sequence[Artefact], others: Sequence[Artefact]) -> dict[str, Json]:
    """Files by name: size, and MD5 where both sides have one.

    Without, only the etag tells whether it is the same file: a copy has another one.
    """
    without = {file.name for file in others if not file.md5}
    return {
        file.name: {"size": file.size, "md5": file.md5}
        if file.md5 and file.name not in without
        else {"size": file.size, "etag": file.etag}
        for file in files
    }
