"""The pipelines of the end-to-end tests, a scenario each, so that scenarios run side by side.

A scenario's name is also its model's name and the begin of its endpoints' names. Its approver and
its owner have addresses of their own, so that a test finds its mail.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAMPLE = {"data": [1.0, 2.0]}
QA = {
    "subscription": "${QA_SUBSCRIPTION_ID}",
    "resource_group": "${QA_RESOURCE_GROUP}",
    "name": "wk-qa",
}
PROD = {
    "subscription": "${PROD_SUBSCRIPTION_ID}",
    "resource_group": "${PROD_RESOURCE_GROUP}",
    "name": "wk-prod",
}


def approver_of(scenario: str) -> str:
    """Who is asked."""
    return f"approver@{scenario}.example"


def owner_of(scenario: str) -> str:
    """Who hears of the end."""
    return f"owner@{scenario}.example"


def qa(scenario: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 (parts of a YAML file)
    """The stage in the workspace where models are registered; nobody is asked."""
    stage: dict[str, Any] = {
        "name": "qa",
        "endpoint": f"{scenario}-qa",
        "environment": {
            "image": "mcr.microsoft.com/azureml/base",
            "conda_file": "scoring/conda.yaml",
        },
        "code": {"folder": "scoring"},
        "health": {
            "timeout": "10m",
            "interval": "1s",
            "sample_request": SAMPLE,
            "expect": {"json": {"result": ["number"]}},
        },
    }
    health = {**stage["health"], **changes.pop("health", {})}
    changed = {**stage, **changes, "health": health}
    return {name: value for name, value in changed.items() if value is not None}


def prod(scenario: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 (parts of a YAML file)
    """The stage in the other workspace, which people approve."""
    more = {
        "name": "prod",
        "workspace": PROD,
        "model_name": f"{scenario}-production",
        "endpoint": f"{scenario}-prod",
        "approval": {"approvers": [approver_of(scenario)], "timeout": "30m"},
    }
    return qa(scenario, **{**more, **changes})


def pipeline(
    scenario: str,
    *stages: dict[str, Any],
    **changes: Any,  # noqa: ANN401 (parts of a YAML file)
) -> dict[str, Any]:
    """A pipeline that takes the scenario's model; its stages are qa alone when none are given."""
    return {
        "name": scenario,
        "source": QA,
        "model": scenario,
        "owners": [owner_of(scenario)],
        "stages": list(stages) or [qa(scenario)],
        **changes,
    }


def both(scenario: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 (parts of a YAML file)
    """A pipeline through qa and, once approved, prod; `changes` are to prod."""
    return pipeline(scenario, qa(scenario), prod(scenario, **changes))


def write(folder: Path, pipelines: Sequence[dict[str, Any]]) -> Path:
    """Write a file for each pipeline (JSON is YAML), and what they refer to; the folder."""
    shutil.copytree(HERE / "scoring", folder / "scoring", dirs_exist_ok=True)
    for each in pipelines:
        (folder / f"{each['name']}.yaml").write_text(json.dumps(each, indent=2))
    return folder
