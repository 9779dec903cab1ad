"""From a folder of pipeline files to the domain's pipelines, or to all that is wrong with them."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from json import JSONDecodeError
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from shared.domain.pipeline import (
    Compute,
    Environment,
    Health,
    Json,
    KubernetesCompute,
    ManagedCompute,
    Pipeline,
    RequestSettings,
    ScoringCode,
    Stage,
    Workspace,
)
from shared.domain.policy import ApprovalPolicy
from shared.domain.untrusted import UnreadableError, legible, parse_json
from shared.pipelines.approval import approval_policy
from shared.pipelines.models import (
    HealthFields,
    ImageFields,
    ManagedFields,
    PipelineFields,
    StageFields,
    WorkspaceFields,
)
from shared.pipelines.source import Document, Location, Problem, read

MANAGED_TIMEOUT_SECONDS = 180
"""Azure ML: the longest request that a managed endpoint takes; Kubernetes ones take 300."""

LONGEST_SAMPLE = 64 * 1024
"""Bytes of JSON. The sample travels with each step of a release and is kept as evidence."""

APPROVAL_IN_SOURCE = (
    "nobody can approve what serves in the source workspace: whoever may register models there may "
    "also write to their files and deployments, after the yes. Give the stage a workspace of its "
    "own, to which the approved files are copied"
)

GLOB = re.compile(r"[*?\[]")


class InvalidPipelinesError(Exception):
    """Pipelines that cannot be used; the message has a line per problem."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load_pipelines(folder: Path, settings: Mapping[str, str]) -> Mapping[str, Pipeline]:
    """The pipelines of `folder` (`*.yaml`, `*.yml`), by name.

    Args:
        folder: Where the files are; what they refer to lies beside them.
        settings: What `${NAME}` takes.

    Raises:
        InvalidPipelinesError: With every problem of every file.
    """
    files = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    if not files:
        raise InvalidPipelinesError([Problem(folder, 1, "", "holds no pipeline (*.yaml)")])
    problems: list[Problem] = []
    pipelines: dict[str, Pipeline] = {}
    for file in files:
        document = read(file, settings)
        pipeline = None if document.data is None else _pipeline(document)
        if pipeline is not None and pipeline.name in pipelines:
            document.problems.append(document.problem(("name",), "another file has this name"))
        elif pipeline is not None:
            _check_endpoints(document, pipeline, pipelines)
            pipelines[pipeline.name] = pipeline
        problems += document.problems
    if problems:
        raise InvalidPipelinesError(problems)
    return MappingProxyType(pipelines)


def _pipeline(document: Document) -> Pipeline | None:
    try:
        fields = PipelineFields.model_validate(document.data)
    except ValidationError as error:
        _tell(document, error)
        _check_valid_stages(document)
        return None
    source = _workspace(fields.source)
    stages = [
        _stage(document, ("stages", position), stage, source)
        for position, stage in enumerate(fields.stages)
    ]
    _check_model_names(document, fields)
    names = [stage.name for stage in stages]
    for position, name in enumerate(names):
        if name in names[:position]:
            document.problems.append(
                document.problem(("stages", position, "name"), f"another stage is called {name}")
            )
    return Pipeline(
        name=fields.name,
        source=source,
        model=fields.model,
        stages=tuple(stages),
        tags=fields.tags,
        owners=tuple(fields.owners),
        storage=tuple(fields.storage),
    )


def _check_model_names(document: Document, fields: PipelineFields) -> None:
    """Two models that are given one name would both want to be its version 1."""
    if not GLOB.search(fields.model):
        return
    for position, stage in enumerate(fields.stages):
        if stage.model_name is not None:
            message = f"{fields.model} takes several models, which cannot share a name"
            document.problems.append(document.problem(("stages", position, "model_name"), message))


def _tell(document: Document, error: ValidationError) -> None:
    """Note what pydantic found, but for fields whose text is a problem already."""
    told = {problem.field for problem in document.problems}
    for detail in error.errors():
        location = tuple(detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "missing":
            message = f"{location[-1]} is missing"
        problem = document.problem(location, message)
        if problem.field not in told:
            document.problems.append(problem)


def _check_valid_stages(document: Document) -> None:
    """Tell what is wrong with the other stages, too, so that all is told at once."""
    data = document.data
    stages = data.get("stages") if isinstance(data, dict) else None
    for position, stage in enumerate(stages if isinstance(stages, list) else []):
        with suppress(ValidationError):
            _parts(document, ("stages", position), StageFields.model_validate(stage))


def _check_endpoints(
    document: Document, pipeline: Pipeline, others: Mapping[str, Pipeline]
) -> None:
    """An endpoint belongs to one stage: two would take the traffic from each other for ever."""
    taken = {
        (stage.workspace.arm_id.casefold(), stage.endpoint): f"pipeline {other.name}"
        for other in others.values()
        for stage in other.stages
    }
    for position, stage in enumerate(pipeline.stages):
        key = (stage.workspace.arm_id.casefold(), stage.endpoint)
        if key in taken:
            message = f"{taken[key]} deploys to {stage.endpoint} in {stage.workspace.name} already"
            document.problems.append(document.problem(("stages", position, "endpoint"), message))
        taken[key] = f"stage {stage.name}"


def _stage(document: Document, at: Location, fields: StageFields, source: Workspace) -> Stage:
    workspace = _workspace(fields.workspace) if fields.workspace else source
    if workspace.is_named_by(source.arm_id):
        workspace = source  # in one spelling, so that all see that it is the same
    if workspace is source and fields.model_name is not None:
        message = "a stage in the source workspace serves the model under its own name"
        document.problems.append(document.problem((*at, "model_name"), message))
    if workspace is source and fields.approval is not None:
        document.problems.append(document.problem((*at, "approval"), APPROVAL_IN_SOURCE))
    request = fields.request
    environment, code, health, approval = _parts(document, at, fields)
    return Stage(
        name=fields.name,
        workspace=workspace,
        model_name=fields.model_name,
        endpoint=fields.endpoint,
        compute=_compute(fields),
        health=health,
        environment=environment,
        code=code,
        request=RequestSettings(
            timeout_seconds=request.timeout,
            max_concurrent_per_instance=request.max_concurrent_per_instance,
            max_queue_wait_seconds=request.max_queue_wait,
        ),
        environment_variables=fields.environment_variables,
        tags=fields.tags,
        approval=approval,
        allow_entra_token=fields.allow_entra_token,
        keep_previous=fields.keep_previous,
    )


def _parts(
    document: Document, at: Location, fields: StageFields
) -> tuple[Environment | None, ScoringCode | None, Health, ApprovalPolicy | None]:
    """What refers to files or depends on several fields."""
    if fields.compute.type == "managed" and fields.request.timeout > MANAGED_TIMEOUT_SECONDS:
        message = f"managed endpoints take at most {MANAGED_TIMEOUT_SECONDS}s"
        document.problems.append(document.problem((*at, "request", "timeout"), message))
    if (fields.code is None) != (fields.environment is None):
        there = "environment" if fields.code is None else "code"
        message = "code and environment come together (both for custom models)"
        document.problems.append(document.problem((*at, there), message))
    return (
        _environment(document, (*at, "environment"), fields),
        _code(document, (*at, "code"), fields),
        _health(document, (*at, "health"), fields.health),
        approval_policy(document, (*at, "approval"), fields.approval) if fields.approval else None,
    )


def _workspace(fields: WorkspaceFields) -> Workspace:
    return Workspace(fields.subscription, fields.resource_group, fields.name)


def _compute(fields: StageFields) -> Compute:
    compute = fields.compute
    if isinstance(compute, ManagedFields):
        return ManagedCompute(compute.instance_type, compute.instance_count)
    return KubernetesCompute(
        target=compute.target,
        instance_type=compute.instance_type,
        instance_count=compute.instance_count,
        cpu=compute.cpu,
        memory=compute.memory,
        scoring_host=compute.scoring_host,
    )


def _environment(document: Document, at: Location, fields: StageFields) -> Environment | None:
    environment = fields.environment
    if isinstance(environment, ImageFields):
        conda_file = _beside(document, (*at, "conda_file"), environment.conda_file)
        return Environment(image=environment.image, conda_file=conda_file)
    return Environment(reference=environment) if environment else None


def _code(document: Document, at: Location, fields: StageFields) -> ScoringCode | None:
    if fields.code is None:
        return None
    folder = _beside(document, (*at, "folder"), fields.code.folder)
    if folder.is_dir() and not (folder / fields.code.script).is_file():
        message = f"{fields.code.folder} has no {fields.code.script}"
        document.problems.append(document.problem((*at, "script"), message))
    return ScoringCode(folder, fields.code.script)


def _health(document: Document, at: Location, fields: HealthFields) -> Health:
    request: Json = None
    if isinstance(fields.sample_request, str):
        file = _beside(document, (*at, "sample_request"), fields.sample_request)
        try:
            request = _json_in(file) if file.is_file() else None
        except UnreadableError as error:
            message = f"{fields.sample_request} {error}"
            document.problems.append(document.problem((*at, "sample_request"), message))
    else:
        request = fields.sample_request
    if len(json.dumps(request)) > LONGEST_SAMPLE:
        message = f"the sample request is longer than {LONGEST_SAMPLE // 1024} KiB of JSON"
        document.problems.append(document.problem((*at, "sample_request"), message))
    return Health(
        timeout_seconds=fields.timeout,
        interval_seconds=fields.interval,
        sample_request=request,
        expected_status=fields.expect.status,
        expected_shape=fields.expect.json_,
        max_latency_seconds=fields.max_latency,
        max_answer_bytes=fields.max_answer,
        settle_seconds=fields.settle,
    )


def _json_in(file: Path) -> Json:
    try:
        return parse_json(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableError("is no UTF-8") from error
    except UnreadableError as error:
        where = f": {error.__cause__}" if isinstance(error.__cause__, JSONDecodeError) else ""
        raise UnreadableError(f"{error}{where}") from error


def _beside(document: Document, at: Location, name: str) -> Path:
    """A path beside the pipeline file; what lies elsewhere would not be deployed with it."""
    folder = document.file.parent.resolve()
    if not name.isprintable():
        document.problems.append(document.problem(at, f"is no path: {legible(name)}"))
        return folder
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        document.problems.append(document.problem(at, f"{name} lies outside {folder.name}/"))
    elif not path.exists():
        document.problems.append(document.problem(at, f"there is no {folder.name}/{name}"))
    return path
