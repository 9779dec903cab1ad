"""A look at what a stage needs, in the emulated workspaces."""

from collections.abc import Mapping

from shared.adapters.azureml import AzureMlPreflight
from shared.domain.evidence import Check
from shared.domain.pipeline import KubernetesCompute, Stage
from tests.contract.azureml.world import Emulated, World

ML = "Microsoft.MachineLearningServices"


def looked(
    world: World, stage: Stage, *, pipeline: str = "diabetes", copies: bool = True
) -> dict[str, Check]:
    """The checks by the first word of their names."""
    preflight = AzureMlPreflight(
        workspaces=world.workspaces, models=world.models, artifacts=world.artifacts
    )
    checks = preflight.checks(stage=stage, pipeline=pipeline, copies=copies)
    for check in checks:
        assert check.words.endswith((".", ".)")), check.words
        assert "secret" not in check.words
    return {check.name.partition(" ")[0]: check for check in checks}


def failed(checks: Mapping[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if check.passed is not True]


def prod_stage(emulated: Emulated, **changes: object) -> Stage:
    return emulated.world.stage(emulated.world.prod, **changes)


def on_cluster(emulated: Emulated, target: str = "cluster") -> Stage:
    compute = KubernetesCompute(target, None, 1, "1", "1Gi", "10.0.0.4")
    return prod_stage(emulated, compute=compute)


def granted(emulated: Emulated, **change: object) -> None:
    """Change what the roles on PROD's workspace grant."""
    body = {"workspace": emulated.world.prod.name, **change}
    emulated.running.control("POST", "permissions", body)
