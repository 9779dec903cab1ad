"""What is released: the model version that was registered, and its files."""

from typing import Final

from shared.domain.artefacts import FileSet, Tally, earlier_digest, file_set
from shared.domain.errors import not_good_enough
from shared.domain.limits import SHOWN_PROBLEMS
from shared.ports import RegisteredModel
from shared.workflow.turn import Turn

CHANGED: Final = "ArtefactChanged"


def source_of(turn: Turn) -> tuple[RegisteredModel, FileSet]:
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
    files = files_of(turn, registered)
    if not files.count:
        raise not_good_enough(
            "ModelWithoutFiles",
            f"{name} in workspace {source.name} has no files. Register a version with files.",
        )
    began_with = turn.release.artefact_digest
    if began_with not in (None, files.digest):
        same = _recognised(turn, registered)
        if same is None:
            raise not_good_enough(
                CHANGED,
                f"Files of {name} in workspace {source.name} were written again after this "
                f"release began: they are not what was tested.{_named(turn, files)} Register a "
                "new version.",
            )
        files = same
    return registered, files


def files_of(turn: Turn, registered: RegisteredModel) -> FileSet:
    """The files of a registered model as they are now."""
    artifacts = turn.services.artifacts
    return file_set(artifacts.files(container=registered.container, path=registered.path))


def _recognised(turn: Turn, registered: RegisteredModel) -> FileSet | None:
    """The files, where the release began with them when digests were made otherwise.

    They are read once more, and both digests made of what is read then.
    """
    tally = Tally()
    files = turn.services.artifacts.files(container=registered.container, path=registered.path)
    if earlier_digest(tally.passing(files)) != turn.release.artefact_digest:
        return None
    return tally.total()


def _named(turn: Turn, files: FileSet) -> str:
    """Which files people were shown otherwise, in a sentence; empty where that is not known."""
    asked = [stage for stage in turn.release.stages if stage.ask is not None]
    if not asked or asked[-1].ask is None:
        return ""
    shown = turn.services.store.evidence(
        release_id=turn.release.id, stage=asked[-1].name, ask=asked[-1].ask.number
    )
    if shown is None or not files.is_whole or shown.file_count != len(shown.files):
        return ""
    differing = {file.name for file in {*files.first} ^ {*shown.files}}
    named = ", ".join(sorted(differing)[:SHOWN_PROBLEMS])
    more = len(differing) - SHOWN_PROBLEMS
    return f" Changed: {named}{f' and {more} more' if more > 0 else ''}." if named else ""
