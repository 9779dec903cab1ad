"""The fields of a pipeline file. Their docstrings are what editors show from the JSON Schema."""

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    Tag,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from shared.domain.health import KINDS
from shared.domain.limits import ANSWER_BYTES, LARGEST_ANSWER_BYTES
from shared.pipelines.approval_models import ApprovalFields
from shared.pipelines.fields import DAY, Addresses, Duration, Fields

EXACT_ENVIRONMENT = re.compile(
    r"(?:azureml:[^:/@]+:|azureml://registries/[^/@]+/environments/[^/@]+/versions/)"
    r"(?!(?i:latest)$)[^:/@]+"
)
"""A version, and no label: what `latest` means changes under a release."""


def _shape(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and value not in KINDS:
        raise ValueError(f"{value!r} is none of {', '.join(KINDS)}")
    if isinstance(value, list):
        if len(value) != 1:
            raise ValueError("a list in a shape holds the one shape of its items")
        _shape(value[0])
    if isinstance(value, dict):
        for inner in value.values():
            _shape(inner)
    return value


Shape = Annotated[JsonValue, AfterValidator(_shape)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")]
EndpointName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}[a-z0-9]$")]
"""Azure ML: 3-32 characters. Lower case, since the SDK lowercases names in traffic maps."""


class WorkspaceFields(Fields):
    """An Azure ML workspace."""

    subscription: str
    """Subscription id."""

    resource_group: str
    """Its resource group's name."""

    name: str
    """Its name."""


class ManagedFields(Fields):
    """Instances that Azure ML brings."""

    type: Literal["managed"] = "managed"
    """Says which compute this is; `compute: managed` alone takes all defaults."""

    instance_type: str = "Standard_DS3_v2"
    """A size of virtual machine that Azure ML offers in the region."""

    instance_count: int = Field(default=1, ge=1)
    """How many of them serve."""


class KubernetesFields(Fields):
    """A share of a Kubernetes cluster that is attached to the workspace."""

    type: Literal["kubernetes"]
    """Says which compute this is."""

    target: str
    """Name of the attached compute."""

    instance_type: str | None = None
    """An instance type that the cluster defines."""

    instance_count: int = Field(default=1, ge=1)
    """How many replicas serve."""

    cpu: Annotated[str, Field(pattern=r"^\d+(\.\d+)?m?$")] = "1"
    """What each asks for, as Kubernetes writes it: `500m`, `2`."""

    memory: Annotated[str, Field(pattern=r"^\d+(\.\d+)?(Mi|Gi|M|G)$")] = "1Gi"
    """What each asks for, as Kubernetes writes it: `512Mi`, `2Gi`."""

    scoring_host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+(:\d{1,5})?$")]
    """Host name of the cluster's inference router, with the port where it is not 443: no key is
    sent to any other."""


def _short(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


class _OrShort:
    """Tells editors of the short form."""

    @staticmethod
    def __get_pydantic_json_schema__(
        schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"const": "managed"}, handler(schema)]}


Compute = Annotated[
    Annotated[ManagedFields | KubernetesFields, Field(discriminator="type")],
    BeforeValidator(_short),
    _OrShort,
]


class ImageFields(Fields):
    """An environment made of an image and a conda file."""

    image: str
    """The image's address."""

    conda_file: str
    """Path beside the pipeline file."""


def _exact(reference: str) -> str:
    if not EXACT_ENVIRONMENT.fullmatch(reference):
        raise ValueError("name a version, as in azureml:name:version")
    return reference


def _environment_kind(value: object) -> str:
    return "reference" if isinstance(value, str) else "parts"


Environment = Annotated[
    Annotated[Annotated[str, AfterValidator(_exact)], Tag("reference")]
    | Annotated[ImageFields, Tag("parts")],
    Discriminator(_environment_kind),
]


class CodeFields(Fields):
    """The scoring code of a custom model."""

    folder: str
    """Path beside the pipeline file."""

    script: str = "score.py"
    """The entry script, inside the folder."""


class RequestFields(Fields):
    """How the inference server treats requests."""

    timeout: Annotated[Duration, Field(gt=0, le=300)] = 5.0
    """At most 180s on managed and 300s on Kubernetes endpoints."""

    max_concurrent_per_instance: int = Field(default=1, ge=1)
    """How many requests an instance works on at a time."""

    max_queue_wait: Annotated[Duration, Field(ge=0)] = 0.5
    """How long a request may wait for its turn."""


class ExpectFields(Fields):
    """A good answer to the sample request."""

    status: int = Field(default=200, ge=100, le=599)
    """The HTTP status."""

    json_: Shape = Field(default=None, alias="json")
    """The answer's shape: number, integer, string, boolean, null or any; a list of one shape;
    an object with the keys that must be there. JSON inside a JSON string is looked into; an `error`
    member is no good answer, unless it is expected here."""


def _is_sample(value: object) -> object:
    if not isinstance(value, str | dict | list):
        raise ValueError("is a JSON object or list, or the path of a JSON file")
    return value


Sample = Annotated[str | dict[str, JsonValue] | list[JsonValue], BeforeValidator(_is_sample)]


class HealthFields(Fields):
    """When a new deployment counts as healthy."""

    timeout: Annotated[Duration, Field(gt=0, le=DAY)] = 5400.0
    """How long provisioning may take; with an image build 30 minutes and more are usual."""

    interval: Annotated[Duration, Field(ge=0.5, le=600)] = 15.0
    """The longest pause between two looks."""

    sample_request: Sample
    """The request's body, or the path of a JSON file beside the pipeline file."""

    settle: Annotated[Duration, Field(ge=0, le=3600)] = 300.0
    """How long a new deployment may answer 404, 408, 425, 429, 502, 503, 504 or not at all until
    it counts as not healthy: routes and instances take a while after provisioning."""

    expect: ExpectFields = ExpectFields()
    """What a good answer is."""

    max_latency: Annotated[Duration, Field(gt=0)] | None = None
    """A slower answer is no good one; any will do when left out."""

    max_answer: int = Field(default=ANSWER_BYTES, ge=1, le=LARGEST_ANSWER_BYTES)
    """The most bytes that an answer may have, after decompression."""


class StageFields(Fields):
    """One environment of the pipeline."""

    name: Name
    """Lower case, digits and dashes; unique in the pipeline."""

    workspace: WorkspaceFields | None = None
    """Where it deploys; the source's workspace when left out."""

    model_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$")] | None = None
    """The model's name in this workspace; the source's name when left out."""

    endpoint: EndpointName
    """The online endpoint's name, unique in its region; it is created where there is none."""

    compute: Compute = ManagedFields()
    """`managed`, or one of the two kinds with their fields."""

    environment: Environment | None = None
    """`azureml:name:version`, an `azureml://registries/…` id, or image and conda_file.
    Custom models need one; MLflow models bring theirs."""

    code: CodeFields | None = None
    """Scoring code, which custom models need; MLflow models bring theirs."""

    request: RequestFields = RequestFields()
    """How requests are treated."""

    environment_variables: dict[str, str] = Field(default_factory=dict)
    """Set in the deployment's containers; their values are never shown."""

    tags: dict[str, str] = Field(default_factory=dict)
    """Put on the endpoint and the deployment."""

    health: HealthFields
    """When the deployment counts as healthy."""

    approval: ApprovalFields | None = None
    """Whose word is wanted before the stage starts; nobody's when left out."""

    allow_entra_token: bool = False
    """Whether an endpoint that was made to take Microsoft Entra tokens instead of keys is asked
    with one of this service's identity. Its container may get to see it."""

    keep_previous: bool = False
    """Keep the deployment that served before, without traffic, for a quick way back."""


class PipelineFields(Fields):
    """A release pipeline: which models it takes, and the stages that they go through."""

    name: Name
    """Lower case, digits and dashes; unique among the pipelines."""

    source: WorkspaceFields
    """Where models are registered."""

    model: str
    """A model name, or a glob such as `diabetes-*`."""

    tags: dict[str, str] = Field(default_factory=dict)
    """Tags that a model must carry; `*` takes any value."""

    owners: Addresses = Field(default_factory=list)
    """Who hears how a release ended, and when too few approvers can be asked."""

    storage: list[Annotated[str, Field(pattern=r"^[a-z0-9]{3,24}$")]] = Field(default_factory=list)
    """Storage accounts that model files may lie in besides the workspaces' own. This service's
    identity, which needs a role on each, is used there."""

    stages: Annotated[list[StageFields], Field(min_length=1)]
    """In their order. A release goes on to the next when one serves well."""
