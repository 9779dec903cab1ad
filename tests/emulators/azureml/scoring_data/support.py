"""Models and specifications that the scoring tests share."""

import asyncio
import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]  # ships no types
import psutil
from sklearn.datasets import load_diabetes  # type: ignore[import-untyped]  # ships no types
from sklearn.linear_model import Ridge  # type: ignore[import-untyped]  # ships no types

from dev.emulators.azureml.scoring import ScoringSpec, serving_python

DATA = Path(__file__).resolve().parent
ROWS: list[list[float]] = load_diabetes().data[:10].tolist()


def train(directory: Path) -> list[float]:
    """Writes a model to `directory`/model.joblib and gives its predictions for ROWS."""
    features, target = load_diabetes(return_X_y=True)
    model = Ridge().fit(features, target)
    directory.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, directory / "model.joblib")
    return [float(prediction) for prediction in model.predict(ROWS)]


def train_mlflow(directory: Path) -> dict[str, Any]:
    """Writes MLflow models below `directory`; gives their columns, rows and predictions."""
    command = [serving_python(), DATA / "train_mlflow.py", directory]
    done = subprocess.run(  # noqa: S603  # our own script
        command, check=True, capture_output=True, text=True, cwd=directory
    )
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def custom_spec(
    model_dir: Path,
    *,
    code: str = "custom",
    script: str = "score.py",
    name: str = "blue",
    variables: Mapping[str, str] | None = None,
    timeout_seconds: float = 5.0,
) -> ScoringSpec:
    """A deployment of the joblib model with the script below scoring_data."""
    return ScoringSpec(
        deployment_key=f"workspace/endpoint/{name}",
        model_dir=model_dir,
        model_type="custom_model",
        code_dir=DATA / code,
        scoring_script=script,
        environment_variables={"DEPLOYED_AS": name} | dict(variables or {}),
        request_timeout_seconds=timeout_seconds,
    )


def mlflow_spec(model_dir: Path) -> ScoringSpec:
    """A no-code deployment of the MLflow model."""
    return ScoringSpec("workspace/endpoint/mlflow", model_dir, "mlflow_model", None, None, {}, 5.0)


async def all_gone(processes: list[psutil.Process], within_seconds: float = 5.0) -> bool:
    """Whether every process ends in time; a zombie that nobody has buried yet has ended."""
    deadline = time.monotonic() + within_seconds
    while any(_runs(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
