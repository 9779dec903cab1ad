"""What a stage says, in azure-ai-ml's entities."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.domain.pipeline import Environment, KubernetesCompute, Stage
from shared.domain.release import ModelVersion

if TYPE_CHECKING:
    from azure.ai.ml import entities


def endpoint_entity(stage: Stage, tags: Mapping[str, str]) -> "entities.OnlineEndpoint":
    """A stage's endpoint, with key authentication."""
    from azure.ai.ml.entities import KubernetesOnlineEndpoint, ManagedOnlineEndpoint

    common: dict[str, Any] = {
        "name": stage.endpoint.lower(),
        "auth_mode": "key",
        "tags": dict(tags),
    }
    if isinstance(stage.compute, KubernetesCompute):
        compute = f"{stage.workspace.arm_id}/computes/{stage.compute.target}"
        return KubernetesOnlineEndpoint(**common, compute=compute)
    return ManagedOnlineEndpoint(**common)


def deployment_entity(
    stage: Stage, deployment: str, model: ModelVersion, tags: Mapping[str, str]
) -> "entities.OnlineDeployment":
    """A deployment of exactly this model version, as the stage describes it."""
    from azure.ai.ml.entities import (
        CodeConfiguration,
        KubernetesOnlineDeployment,
        ManagedOnlineDeployment,
        OnlineRequestSettings,
        ResourceRequirementsSettings,
        ResourceSettings,
    )

    compute, request, code = stage.compute, stage.request, stage.code
    common: dict[str, Any] = {
        "name": deployment.lower(),
        "endpoint_name": stage.endpoint.lower(),
        "model": f"azureml:{model.name}:{model.version}",
        "tags": dict(tags),
        "environment_variables": dict(stage.environment_variables),
        "instance_type": compute.instance_type,
        "instance_count": compute.instance_count,
        "request_settings": OnlineRequestSettings(
            request_timeout_ms=_milliseconds(request.timeout_seconds),
            max_concurrent_requests_per_instance=request.max_concurrent_per_instance,
            max_queue_wait_ms=_milliseconds(request.max_queue_wait_seconds),
        ),
    }
    if stage.environment is not None:
        common["environment"] = _environment(stage.environment)
    if code is not None:
        folder = str(code.folder.resolve())
        common["code_configuration"] = CodeConfiguration(code=folder, scoring_script=code.script)
    if isinstance(compute, KubernetesCompute):
        asked = ResourceSettings(cpu=compute.cpu, memory=compute.memory)
        resources = ResourceRequirementsSettings(requests=asked)
        return KubernetesOnlineDeployment(**common, resources=resources)
    return ManagedOnlineDeployment(**common)


def _environment(environment: Environment) -> "str | entities.Environment":
    from azure.ai.ml.entities import Environment as Entity

    if environment.reference is not None:
        return environment.reference
    conda = str(environment.conda_file.resolve()) if environment.conda_file else None
    return Entity(image=environment.image, conda_file=conda)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
