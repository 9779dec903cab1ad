"""What is released: the model version that was registered, and its files."""

from shared.domain.artefacts import Artefact, artefact_digest
from shared.domain.errors import not_good_enough
from shared.ports import RegisteredModel
from shared.workflow.turn import Turn


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
            "began: they are not what was tested. Register a new version.",
        )
    return registered, files
