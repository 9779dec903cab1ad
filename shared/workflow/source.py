"""What is released: the model version that was registered, and its files."""

from collections.abc import Sequence
from typing import Final

from shared.domain.artefacts import Artefact, artefact_digest
from shared.domain.errors import not_good_enough
from shared.domain.evidence import SHOWN_FILES
from shared.ports import RegisteredModel
from shared.workflow.turn import Turn

NAMED: Final = 5
"""Changed files that are told by name."""


def source_of(turn: Turn) -> tuple[RegisteredModel, list[Artefact]]:
    """The released model version in the source workspace, and its files.

    Raises:
        StepError: It does not exist (any more), has no files, or its files are not those with
            which the release began.
    """
    model, source = turn.release.model, turn.pipeline.source
    registered = turn.services.models.get(workspace=source, model=model)
    name = f"{model.name} version {model.version}"
    if registered is None:
        raise not_good_enough("ModelNotFound", f"Workspace {source.name} has no {name} (any more).")
    files = turn.services.artifacts.files(container=registered.container, path=registered.path)
    if not files:
        raise not_good_enough(
            "ModelWithoutFiles",
            f"{name} in workspace {source.name} has no files. Register a version with files.",
        )
    began_with = turn.release.artefact_digest
    if began_with is not None and began_with != artefact_digest(files):
        raise not_good_enough(
            "ArtefactChanged",
            f"Files of {name} in workspace {source.name} were written again after this release "
            f"began: they are not what was tested.{_named(turn, files)} Register a new version.",
        )
    return registered, files


def _named(turn: Turn, files: Sequence[Artefact]) -> str:
    """Which files people were shown otherwise, in a sentence; empty before they were asked."""
    asked = [stage for stage in turn.release.stages if stage.ask is not None]
    if not asked or asked[-1].ask is None:
        return ""
    shown = turn.services.store.evidence(
        release_id=turn.release.id, stage=asked[-1].name, ask=asked[-1].ask.number
    )
    before = {file.name: file for file in shown.files} if shown else {}
    names = [file.name for file in files if before.get(file.name) != file]
    gone = before.keys() - {file.name for file in files}
    found = sorted({*names, *gone}) if len(before) < SHOWN_FILES else []
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f" Changed: {', '.join(found[:NAMED])}{more}." if found else ""
