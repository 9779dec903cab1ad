"""What a stage deploys to: its endpoint, and the cluster behind it, as they are now."""

from shared.adapters.azureml.arm import Answer, Arm
from shared.adapters.azureml.operations import fold
from shared.domain.evidence import Check
from shared.domain.names import PIPELINE_TAG
from shared.domain.pipeline import KubernetesCompute, Stage
from shared.ports import OperationState


def look_at_endpoint(arm: Arm, stage: Stage, pipeline: str, location: str) -> Check:
    """Whether the endpoint's name is free, or the endpoint is one to deploy to.

    Azure ML has an operation for whether a name is taken in the region
    (`onlineEndpoints/checkNameAvailability/read`), and publishes no call for it.

    Raises:
        StepError: Azure does not answer.
    """
    endpoint, there = stage.endpoint.lower(), stage.workspace
    name, where = f"Endpoint {endpoint}", f"Endpoint {endpoint} in workspace {there.name}"
    answer = arm.get(f"{there.arm_id}/onlineEndpoints/{endpoint}", what=where, workspace=there)
    if answer.status == 404:
        words = (
            f"There is no endpoint {endpoint} in workspace {there.name}: it is going to be "
            f"created. Azure tells only then whether the name is taken in {location}."
        )
        return Check(name, True, words)
    if answer.refusal is not None:
        return Check(name, False, answer.refusal.message)
    problem = _problem(answer, stage, pipeline)
    if problem:
        return Check(name, False, f"{where} {problem}")
    if answer.part("properties").text("provisioningState").casefold() == "deleting":
        words = f"{where} is being deleted. It is created anew, if Azure gives its name free."
        return Check(name, None, words)
    owner = "this pipeline made it" if _owner(answer) else "no pipeline made it"
    words = f"{where} is there ({owner}): the new version is deployed beside what it serves."
    return Check(name, True, words)


def look_at_cluster(arm: Arm, stage: Stage, compute: KubernetesCompute) -> Check:
    """Whether the cluster is attached to the workspace, and fit to serve.

    Raises:
        StepError: Azure does not answer.
    """
    target, there = compute.target, stage.workspace
    name, where = f"Compute {target}", f"Compute {target} in workspace {there.name}"
    answer = arm.get(f"{there.arm_id}/computes/{target}", what=where, workspace=there)
    if answer.status == 404:
        words = (
            f"There is no compute {target} in workspace {there.name}. Attach the cluster to it, or "
            "correct the stage's compute in the pipeline."
        )
        return Check(name, False, words)
    if answer.refusal is not None:
        return Check(name, False, answer.refusal.message)
    properties = answer.part("properties")
    kind, state = properties.text("computeType"), properties.text("provisioningState")
    if kind.casefold() not in ("", "kubernetes"):
        words = f"{where} is {kind}, no Kubernetes cluster. Correct the stage's compute."
        return Check(name, False, words)
    if fold(state) is OperationState.FAILED:
        return Check(name, False, f"{where} is {state}. Attach the cluster anew.")
    if fold(state) is OperationState.RUNNING:
        return Check(name, None, f"{where} is being changed ({state}).")
    return Check(name, True, f"{where} is attached.")


def _owner(endpoint: Answer) -> str:
    return endpoint.part("tags").text(PIPELINE_TAG)


def _problem(endpoint: Answer, stage: Stage, pipeline: str) -> str:
    """Why a deployment to the endpoint must not be, or is going to fail; empty where it is fine."""
    owner, properties = _owner(endpoint), endpoint.part("properties")
    if owner not in ("", pipeline):
        return (
            f"belongs to pipeline {owner} (tag {PIPELINE_TAG}). Choose another endpoint name for "
            "this stage, or remove the tag where that pipeline is gone."
        )
    state = properties.text("provisioningState")
    serves = any(properties.part("traffic").body.values())
    if fold(state) is OperationState.FAILED and not serves:  # else its traffic map is sent again
        return f"is {state} and serves nothing. Delete it."
    cluster = properties.text("compute").rpartition("/")[2]
    wanted = stage.compute.target if isinstance(stage.compute, KubernetesCompute) else ""
    if cluster.casefold() == wanted.casefold():
        return ""
    return (
        f"is on {_place(cluster)}, and the stage wants {_place(wanted)}. Correct the stage's "
        "compute, or choose another endpoint name."
    )


def _place(cluster: str) -> str:
    return f"cluster {cluster}" if cluster else "managed instances"
