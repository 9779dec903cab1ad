"""What is looked at before people are asked, so that a yes does not fail for what was knowable."""

from collections.abc import Callable
from functools import partial

from shared.adapters.artifacts import Artifacts
from shared.adapters.azureml.arm import Arm
from shared.adapters.azureml.models import AzureMlModels
from shared.adapters.azureml.permissions import look_at_permissions, needed
from shared.adapters.azureml.quota import look_at_quota
from shared.adapters.azureml.targets import look_at_cluster, look_at_endpoint
from shared.adapters.azureml.workspaces import Workspaces
from shared.adapters.blobs import account_of
from shared.adapters.threads import in_threads
from shared.domain.errors import StepError
from shared.domain.evidence import Check
from shared.domain.pipeline import KubernetesCompute, Stage, Workspace

FOLDER = "modelgate"
"""Where copies go, in a workspace's default container."""

STORAGE_ROLE = "Storage Blob Data Contributor"


class AzureMlPreflight:
    """Implements `ports.Preflight`. Thread-safe."""

    def __init__(
        self, *, workspaces: Workspaces, models: AzureMlModels, artifacts: Artifacts
    ) -> None:
        self._arm = Arm(workspaces)
        self._models = models
        self._artifacts = artifacts

    def checks(self, *, stage: Stage, pipeline: str, copies: bool) -> list[Check]:
        """Look at everything, side by side once the workspace has answered.

        A workspace that does not let itself be read is the only check: nothing in it does.
        """
        workspace, location = self._workspace(stage.workspace)
        if not workspace.passed:
            return [workspace]
        by_key = self._artifacts.opens_with_keys
        operations = needed(stage, copies=copies, opens_with_keys=by_key)
        looks: list[Callable[[], Check]] = [
            partial(look_at_endpoint, self._arm, stage, pipeline, location),
            partial(look_at_permissions, self._arm, stage, operations),
            partial(self._compute, stage, location),
        ]
        if copies:
            looks.append(partial(self._storage, stage.workspace))
        found = in_threads(lambda look: look(), looks, threads=len(looks), name="preflight")
        return [workspace, *found]

    def _workspace(self, workspace: Workspace) -> tuple[Check, str]:
        """Whether the workspace can be read, and its region."""
        name = f"Workspace {workspace.name}"
        answer = self._arm.get(workspace.arm_id, what=name, workspace=workspace)
        if answer.status == 404:
            words = (
                f"Azure knows no workspace {workspace.name} in resource group "
                f"{workspace.resource_group} of subscription {workspace.subscription_id}. Correct "
                "the stage's workspace in the pipeline, or create it."
            )
            return Check(name, False, words), ""
        if answer.refusal is not None:
            return Check(name, False, answer.refusal.message), ""
        location = answer.text("location")
        return Check(name, True, f"Workspace {workspace.name} in {location} answers."), location

    def _compute(self, stage: Stage, location: str) -> Check:
        if isinstance(stage.compute, KubernetesCompute):
            return look_at_cluster(self._arm, stage, stage.compute)
        return look_at_quota(self._arm, stage.workspace, stage.compute, location)

    def _storage(self, workspace: Workspace) -> Check:
        """Whether a copy can be written where it is to go."""
        name = f"Storage of {workspace.name}"
        advice = ""
        try:
            container = self._models.default_container(workspace=workspace)
            account = account_of(container.account_url)
            advice = self._storage_advice(account)
            self._artifacts.check_writable(container=container, prefix=FOLDER)
        except StepError as error:
            if error.failure.is_transient:
                raise
            return Check(name, False, f"{error.failure.message}{advice}")
        words = f"Container {container.name} of storage account {account} can be written."
        return Check(name, True, words)

    def _storage_advice(self, account: str) -> str:
        if self._artifacts.opens_with_keys:
            return f" Its datastore must hold a good key of storage account {account}."
        return (
            f" This app's identity needs the role {STORAGE_ROLE} on storage account {account}, and "
            "a way through its firewall."
        )
