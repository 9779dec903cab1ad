"""Too few approvers who cannot be the requester: what a release says of it while it waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.people import is_telling

NAME_CHARACTERS: Final = 100
"""Of a requester's name that are shown."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why nobody can be asked yet, and for how long that may last."""

    since: datetime
    expires_at: datetime
    """When the release ends as Expired: people would have had until then, too."""

    requester: str
    """As in the ask that would be open otherwise; empty where nobody is named."""

    is_registrant: bool
    """Whether the requester registered the model, and did not just start the release by hand."""

    required: int
    """How many voices have to approve."""

    available: int
    """How many voices there are without those who are left out."""

    left_out: tuple[str, ...]
    """The addresses of those who may be the requester."""

    told: tuple[str, ...] = ()
    """The owners who have had the mail, or cannot get it."""


def doubt(requester: str, people: Sequence[str], *, is_registrant: bool) -> str:
    """Why people are left out, as a clause.

    Args:
        requester: Empty where nobody is named.
        people: Who is left out, as they are to be called.
        is_registrant: Whether the requester registered the model.
    """
    if not people:
        return "the pipeline names nobody else"
    listed = " or ".join(filter(None, [", ".join(people[:-1]), people[-1]]))
    if not requester.strip():
        return f"Azure ML does not say who registered this model; it may have been {listed}"
    did = "registered this model" if is_registrant else "started this release"
    return f"{listed} may be the person who {did} ({shown(requester)})"


def ways_out(shortage: Shortage) -> tuple[str, ...]:
    """What an owner of the pipeline can do about it."""
    consent = "set requester_may_approve: true in the pipeline and deploy it"
    if not shortage.requester.strip():
        return consent, "start the release again by hand, with requested_by"
    if not is_telling(shortage.requester):
        return (consent,)  # whoever is added or named, it may be them
    names = "as Microsoft Entra ID has them, for example Ada Lovelace <ada@example.com>,"
    return (
        "add approvers to the pipeline and deploy it",
        f"give the approvers' display names in the pipeline, {names} and deploy it",
        consent,
    )


def shown(requester: str) -> str:
    """A requester's name in quotation marks: one line, and nothing that reorders what follows."""
    plain = "".join(sign for sign in " ".join(requester.split()) if sign.isprintable())
    return f"\N{LEFT DOUBLE QUOTATION MARK}{plain[:NAME_CHARACTERS]}\N{RIGHT DOUBLE QUOTATION MARK}"
