"""Why a model's files are not taken or not copied, for people."""

from typing import TYPE_CHECKING

from shared.adapters.redaction import error_text
from shared.domain.errors import Failure, FailureKind, StepError, not_good_enough, technical
from shared.domain.filenames import shown_name
from shared.domain.limits import SHOWN_CHARACTERS
from shared.ports import Container, Place

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobProperties


def refused(
    error: "HttpResponseError",
    there: "BlobProperties | None",
    name: str,
    source: Place,
    target: Place,
) -> Exception:
    """Why a copy was refused: its source is another one by now, or something lies in the target."""
    if there is not None:
        return technical(
            "CopyTargetTaken",
            f"{shown_name(there.name)} in {where(target.container)} is no copy of {name} in "
            f"{where(source.container)}: it has {there.size} bytes, written "
            f"{there.last_modified:%Y-%m-%d %H:%M} UTC. Nothing is overwritten. Find out who "
            "wrote it, delete it, then start the release again.",
        )
    if error.status_code == 412:
        return changed(source.container, name, "was written again")
    return error


def copy_failed(target: Container, broken: "BlobProperties") -> Failure:
    """The failure of a copy that broke off."""
    said = broken.copy.status_description
    words = error_text(said)[:SHOWN_CHARACTERS] if said else f"it was {broken.copy.status}"
    return Failure(
        FailureKind.TRANSIENT,
        "CopyFailed",
        f"The copy of {shown_name(broken.name)} to {where(target)} broke off: {words}.",
    )


def changed(source: Container, name: str, how: str) -> StepError:
    """The source is not the one that was looked at."""
    return not_good_enough(
        "ArtefactChanged",
        f"{name} in {where(source)} {how} since the release looked at it. Register the model as "
        "a new version.",
    )


def archived(source: Container, name: str) -> StepError:
    """The source is in a tier that nothing can be read from."""
    return not_good_enough(
        "BlobArchived",
        f"{shown_name(name)} in {where(source)} is in the archive tier, from which nothing is "
        "copied. Move it to the hot or cool tier and register a new version.",
    )


def too_many(container: Container, path: str, most: int) -> StepError:
    """The model has more files than are taken."""
    return not_good_enough(
        "TooManyFiles",
        f"The model at {shown_name(path)} in {where(container)} has more than {most:,} files. Pack "
        "them into fewer and register a new version, or raise MODELGATE_MOST_FILES.",
    )


def where(container: Container) -> str:
    """A container, for people."""
    return f"container {container.name} of workspace {container.workspace.name}"
