"""What pages and mails say of an ask, taken from what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.ask import Ask
from shared.domain.evidence import Evidence, metrics_of
from shared.domain.pipeline import Json, Workspace
from shared.domain.release import Probe, Release, StageRecord
from shared.web.documents import shown_configuration

UNKNOWN = "not recorded"

TOLD = 20
"""Tags that a mail tells, and properties; the page has all of them."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What an earlier stage measured."""

    stage: StageRecord
    probe: Probe


@dataclass(frozen=True, slots=True)
class Target:
    """Where the model goes on approval, as the configuration that is approved has it."""

    endpoint: str
    workspace: str
    resource_group: str
    model_name: str
    compute: str
    copies: bool
    """Whether the model is copied to another workspace."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known when people are asked."""

    release: Release
    stage: str
    ask: Ask
    evidence: Evidence
    target: Target
    measurements: tuple[Measurement, ...]
    metrics: Mapping[str, float]
    """The registered ones."""

    configuration: Mapping[str, Json]
    """Of the stage that is asked for, without values that may be secret."""

    @property
    def told(self) -> list[tuple[str, str]]:
        """The first tags and properties, as mails have them."""
        tags = [(f"Tag {name}", value) for name, value in self.evidence.tags.items()]
        return [*tags[:TOLD], *list(self.evidence.properties.items())[:TOLD]]

    @property
    def untold(self) -> int:
        """How many more there are."""
        return len(self.evidence.tags) + len(self.evidence.properties) - len(self.told)


def facts_of(release: Release, stage: str, ask: Ask, evidence: Evidence) -> Facts:
    """The facts behind an ask."""
    return Facts(
        release=release,
        stage=stage,
        ask=ask,
        evidence=evidence,
        target=target_of(release, evidence.configuration),
        measurements=tuple(
            Measurement(record, evidence.probes[record.name])
            for record in release.stages
            if record.name in evidence.probes
        ),
        metrics=metrics_of(evidence.tags, evidence.properties),
        configuration=shown_configuration(evidence.configuration),
    )


def target_of(release: Release, configuration: Mapping[str, Json]) -> Target:
    """Where a stage of this configuration brings the release's model."""
    workspace = _part(configuration, "workspace")
    place = Workspace(
        subscription_id=_text(workspace, "subscription_id"),
        resource_group=_text(workspace, "resource_group"),
        name=_text(workspace, "name"),
    )
    return Target(
        endpoint=_text(configuration, "endpoint"),
        workspace=place.name,
        resource_group=place.resource_group,
        model_name=_text(configuration, "model_name", release.model.name),
        compute=_compute(_part(configuration, "compute")),
        copies=not place.is_named_by(release.workspace),
    )


def _compute(compute: Mapping[str, Json]) -> str:
    """In words: a Kubernetes share names its target, managed instances have none."""
    if not compute:
        return UNKNOWN
    kind = _text(compute, "instance_type", "the default type")
    instances = f"{_text(compute, 'instance_count')} of {kind}"
    if "target" not in compute:
        return f"managed instances: {instances}"
    share = f"{_text(compute, 'cpu')} CPU and {_text(compute, 'memory')} each"
    return f"instances on Kubernetes cluster {compute['target']}: {instances}, {share}"


def _part(configuration: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    part = configuration.get(name)
    return part if isinstance(part, dict) else {}


def _text(part: Mapping[str, Json], name: str, fallback: str = UNKNOWN) -> str:
    value = part.get(name)
    return fallback if value is None else str(value)
