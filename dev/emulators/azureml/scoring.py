"""Scoring of managed online endpoints: real inference servers behind Azure's routing rules."""

from pathlib import Path
from typing import Literal

from dev.emulators.azureml.scoring_process import SupervisedScorer, serving_python
from dev.emulators.azureml.scoring_routes import add_scoring_routes
from dev.emulators.azureml.scoring_types import (
    EndpointRoute,
    Scorer,
    ScoringServer,
    ScoringSpec,
    ScoringStartError,
)

__all__ = [
    "EndpointRoute",
    "Scorer",
    "ScoringServer",
    "ScoringSpec",
    "ScoringStartError",
    "add_scoring_routes",
    "scorer_for",
    "serving_python",
]


def scorer_for(mode: Literal["process", "inline"], *, root: Path) -> Scorer:
    """Makes the scorer that `--scoring` names.

    Both run `azureml-inference-server-http` in the serving environment, a process group for each
    deployment. "process" starts a fresh interpreter each time, some two seconds. "inline" imports
    scikit-learn, pandas, MLflow and the server once and forks each deployment from there, a
    fraction of a second. What inline does not cover: variables that count before the interpreter
    starts or a library is imported (PYTHONPATH, OMP_NUM_THREADS), import errors of those
    libraries, and what importing them costs in time and memory.

    Args:
        mode: how servers are started.
        root: folder for the servers' logs; made when absent.
    """
    return SupervisedScorer(root, warm=mode == "inline")
