"""A release with all that belongs to it, as far as this version of the app can read it."""

from collections.abc import Callable, Iterator
from functools import partial

from shared.domain.errors import StepError
from shared.domain.evidence import Evidence
from shared.domain.pipeline import Json
from shared.domain.release import Release
from shared.ports import UNREADABLE, Store
from shared.web.documents import release_document


class _Parts:
    """What is read of a release: a part that cannot be read does not hide the others."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self.unreadable: list[str] = []
        """Why parts are missing."""

    def read[T](self, part: Callable[[], T]) -> T | None:
        """A part; None where this version of the app cannot read it.

        Raises:
            StepError: The store fails otherwise.
        """
        try:
            return part()
        except StepError as error:
            if error.failure.code not in UNREADABLE:
                raise
            self.unreadable.append(error.failure.message)
            return None


def whole_release(store: Store, release: Release, base_url: str) -> dict[str, Json]:
    """The document of a release.

    Raises:
        StepError: The store does not answer.
    """
    parts = _Parts()
    evidence = list(_evidence(store, release, parts))
    decisions = parts.read(partial(store.decisions, release_id=release.id))
    fetches = parts.read(partial(store.fetches, release_id=release.id))
    return release_document(
        release,
        decisions=decisions or (),
        evidence=evidence,
        fetches=fetches or (),
        unreadable=parts.unreadable,
        base_url=base_url,
    )


def _evidence(store: Store, release: Release, parts: _Parts) -> Iterator[Evidence]:
    """What was shown with every ask, the first one first."""
    for stage in release.stages:
        for ask in range(1, stage.ask.number + 1 if stage.ask else 1):
            read = partial(store.evidence, release_id=release.id, stage=stage.name, ask=ask)
            shown = parts.read(read)
            if shown is not None:
                yield shown
