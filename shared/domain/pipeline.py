"""A pipeline: which models it takes, and the stages that they go through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

from shared.domain.limits import ANSWER_BYTES
from shared.domain.policy import ApprovalPolicy

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Workspace:
    """An Azure ML workspace."""

    subscription_id: str
    resource_group: str
    name: str

    @property
    def arm_id(self) -> str:
        """The ARM resource id, as Event Grid's `topic` spells it."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )

    def is_named_by(self, arm_id: str) -> bool:
        """Whether `arm_id` means this workspace; ARM ids ignore case."""
        return arm_id.strip().rstrip("/").casefold() == self.arm_id.casefold()


@dataclass(frozen=True, slots=True)
class ManagedCompute:
    """Instances that Azure ML brings for a managed online endpoint."""

    instance_type: str
    instance_count: int


@dataclass(frozen=True, slots=True)
class KubernetesCompute:
    """A share of a Kubernetes cluster that is attached to the workspace."""

    target: str
    """Name of the attached compute."""

    instance_type: str | None
    """An instance type that the cluster defines; None for its default."""

    instance_count: int
    cpu: str
    """Requested cores, in Kubernetes' spelling (`1`, `500m`)."""

    memory: str
    """Requested memory, in Kubernetes' spelling (`1Gi`)."""

    scoring_host: str
    """Host, and port where it is another than 443, of the cluster's inference router."""


type Compute = ManagedCompute | KubernetesCompute


@dataclass(frozen=True, slots=True)
class Environment:
    """What a custom model is served in: a registered environment, or an image and conda file."""

    reference: str | None = None
    """`azureml:name:version` or an `azureml://registries/…` id."""

    image: str | None = None
    conda_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ScoringCode:
    """The scoring code of a custom model."""

    folder: Path
    script: str
    """The entry script's path inside the folder."""


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """How the inference server treats scoring requests."""

    timeout_seconds: float = 5.0
    max_concurrent_per_instance: int = 1
    max_queue_wait_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class Health:
    """When a new deployment counts as healthy."""

    timeout_seconds: float
    """How long provisioning may take."""

    interval_seconds: float
    """The longest pause between two looks at it."""

    sample_request: Json
    expected_status: int
    expected_shape: Json
    """The answer's JSON shape, see `health.shape_problems`; None accepts any answer."""

    max_latency_seconds: float | None

    max_answer_bytes: int = ANSWER_BYTES
    """A larger answer, after decompression, is no good one."""

    settle_seconds: float = 300.0
    """For so long after provisioning, an answer that says "not yet" says nothing else."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One environment of a pipeline."""

    name: str
    workspace: Workspace
    model_name: str | None
    """The model's name in this workspace; None keeps the source's."""

    endpoint: str
    compute: Compute
    health: Health
    environment: Environment | None = None
    code: ScoringCode | None = None
    request: RequestSettings = RequestSettings()
    environment_variables: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    tags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    approval: ApprovalPolicy | None = None
    """None starts the stage without asking anyone."""

    allow_entra_token: bool = False
    """Whether an endpoint that takes no key may be asked with a token of this service's."""

    keep_previous: bool = False
    """Keep the deployment that served before, at 0 % traffic, for a quick way back."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Which models are released, and through which stages."""

    name: str
    source: Workspace
    """Where models are registered."""

    model: str
    """A model name or glob (`*`, `?`, `[…]`), case-sensitive as Azure ML's names are."""

    stages: tuple[Stage, ...]
    tags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Tags that a model must carry; the value `*` takes any."""

    owners: tuple[str, ...] = ()
    """Who hears of the end of a release."""

    storage: tuple[str, ...] = ()
    """Storage accounts that model files may lie in besides the workspaces' own."""

    @property
    def workspaces(self) -> tuple[Workspace, ...]:
        """The source and every stage's."""
        return tuple(dict.fromkeys([self.source, *(stage.workspace for stage in self.stages)]))

    def refusal(self, *, model_name: str, tags: Mapping[str, str]) -> str | None:
        """Why this pipeline does not take a model, or None where it does."""
        if not fnmatchcase(model_name, self.model):
            return f"pipeline {self.name} takes models named {self.model}"
        for name, wanted in self.tags.items():
            if name not in tags:
                return f"pipeline {self.name} takes models with a tag {name}"
            if wanted not in ("*", tags[name]):
                return f"pipeline {self.name} takes models whose tag {name} is {wanted}"
        return None

    def stage(self, name: str) -> Stage | None:
        """The stage of that name, or None."""
        return next((stage for stage in self.stages if stage.name == name), None)
