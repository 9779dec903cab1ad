"""What is known of a model when people are asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Final

from shared.domain.artefacts import Artefact
from shared.domain.decision import Choice, Decision
from shared.domain.limits import SHOWN_CHARACTERS
from shared.domain.pipeline import Json
from shared.domain.release import ModelVersion, Outcome, Probe, Release, ReleaseId

_NOT_METRICS = ("azureml", "modelgate-", "mlflow.")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not as it was."""

    field: str
    """Dotted path, for example `configuration.compute.instance_count` or `metrics.r2`."""

    before: Json
    """None where there was none."""

    after: Json


@dataclass(frozen=True, slots=True)
class Current:
    """What the stage's endpoint serves now."""

    deployment: str
    percent: int
    """Its share of the traffic."""

    model: ModelVersion | None
    """In the stage's workspace."""

    source: ModelVersion | None = None
    """The version in the source workspace, where a release brought it."""

    release_id: ReleaseId | None = None
    registered_at: datetime | None = None
    """When the source version was registered."""

    is_newer: bool = False
    """Whether it is a newer version than the one that is asked about."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one deployment answered to a sample request."""

    status: int
    latency_seconds: float
    body: Json


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same sample request, answered by the candidate and by what serves now."""

    request: str
    """The request's JSON, cut where it is long."""

    candidate: Answered | None
    current: Answered | None
    """None where nothing serves yet, or it gave no answer."""

    note: str = ""
    """Why an answer is missing; empty where none is."""

    differences: tuple[Difference, ...] = ()
    """Between the two bodies, the first few."""

    difference_count: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A version between the one that serves and the one that is asked about."""

    version: str
    registered_at: datetime | None
    release_id: ReleaseId | None
    """None where no release of this pipeline took it."""

    outcome: Outcome | None
    """None while it is under way, or where there is no release."""

    words: str
    """The release's reason, or why there is none."""

    rejections: tuple[str, ...] = ()
    """`who: comment`, one for each rejection."""

    @property
    def under_way(self) -> ReleaseId | None:
        """The release that may yet be rejected; None where there is none."""
        return self.release_id if self.outcome is None else None


def skipped_by(
    version: str,
    registered_at: datetime | None,
    release: Release,
    decisions: Sequence[Decision],
) -> Skipped:
    """What is known of a skipped version that a release took.

    Args:
        version: Of the model.
        registered_at: When it was registered.
        release: Of that version.
        decisions: All over that release.
    """
    newest = {(each.stage, each.ask, each.approver): each for each in decisions}
    return Skipped(
        version,
        registered_at,
        release.id,
        release.outcome,
        release.reason or "It is still under way.",
        tuple(
            f"{each.approver}: {each.comment}"
            for each in newest.values()
            if each.choice is Choice.REJECT
        ),
    )


QUOTA: Final = "Quota"
"""Begins the names of checks that may pass by themselves: others give quota back."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that was looked at before people were asked, so that a yes does not fail."""

    name: str
    """For people: `Permissions in wk-prod`."""

    passed: bool | None
    """None where Azure does not tell."""

    words: str
    """What was found, and what to do where it has not passed."""

    @property
    def may_pass_by_itself(self) -> bool:
        """Whether waiting can help where it has not passed."""
        return self.name.startswith(QUOTA)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What people are shown; frozen, and hashed into the ask's digest."""

    release_id: ReleaseId
    stage: str
    """The stage that is asked for."""

    ask: int
    model_type: str
    description: str
    tags: dict[str, str]
    properties: dict[str, str]
    registered_by: str | None
    registered_at: datetime | None
    file_count: int
    total_bytes: int
    artefact_digest: str
    probes: dict[str, Probe]
    """Per earlier stage, what was measured."""

    configuration: dict[str, Json]
    """The configuration of the stage that is asked for, as digested."""

    terms: dict[str, Json] | None = None
    """The approval policy, as digested; None in evidence of before there were policies."""

    files: tuple[Artefact, ...] = ()
    """The first `limits.SHOWN_FILES` by name."""

    schema: Json = None
    """An MLflow model's signature; None for other models."""

    current: Current | None = None
    """None where the endpoint serves nothing yet."""

    comparisons: tuple[Comparison, ...] = ()
    changes: tuple[Difference, ...] = ()
    """What is other than in the version that serves now."""

    changes_note: str = ""
    """Why changes are not known, or not all; empty where they are."""

    skipped: tuple[Skipped, ...] = ()
    skipped_more: int = 0
    """How many more versions than those were skipped."""

    skipped_note: str = ""
    """Why it is not known what was skipped; empty where it is."""

    checks: tuple[Check, ...] = ()
    changed_since: tuple[Difference, ...] = ()
    """Why people are asked again: what has changed since the ask before."""


def requester_of(release: Release, registered_by: str | None) -> tuple[str, bool]:
    """Who may not decide, and whether that is who registered the model.

    Where Azure ML names nobody it is whoever started the release by hand; empty where that was
    nobody, either.
    """
    # who registered what the release began with, whoever may have registered it again since
    registered_by = release.registered_by or registered_by
    if registered_by or not release.requested_by:
        return registered_by or "", True
    return release.requested_by, False


def differences(before: Json, after: Json, where: str = "") -> list[Difference]:
    """Where two JSON values differ, leaf by leaf, in order of their names."""
    return list(differing(before, after, where))


def differing(before: Json, after: Json, where: str = "") -> Iterator[Difference]:
    """As `differences`, one by one: answers of models may differ in a million places."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from differing(before.get(name), after.get(name), _below(where, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (one, other) in enumerate(zip(before, after, strict=True)):
            at = where if len(where) > SHOWN_CHARACTERS else f"{where}[{position}]"
            yield from differing(one, other, at)
    elif not _is_same(before, after):
        yield Difference(where, before, after)


def metrics_of(*values: dict[str, str]) -> dict[str, float]:
    """The finite numbers among tags and properties: how models carry metrics in Azure ML.

    Names that Azure ML and this service give themselves (`azureml.…`, `modelgate-…`) are none.
    """
    found: dict[str, float] = {}
    for each in values:
        for name, value in each.items():
            number = None if name.startswith(_NOT_METRICS) else _number(value)
            if number is not None:
                found[name] = number
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # Python takes 2026_11 for a number, and nobody else does
    return number if isfinite(number) and "_" not in text else None


def _below(where: str, name: str) -> str:
    """A path, not longer than anybody reads: models answer names of any length."""
    if len(where) > SHOWN_CHARACTERS:
        return where
    shown = name if len(name) <= SHOWN_CHARACTERS else f"{name[:SHOWN_CHARACTERS]}…"
    return f"{where}.{shown}" if where else shown


def _is_same(one: Json, other: Json) -> bool:
    """True and 1 are equal to Python, and not to anyone else."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
