"""Azure ML on one machine: its ARM interface and its scoring addresses.

`create_app` builds the whole as an aiohttp application; ``python -m dev.emulators.azureml`` runs it
alone. Every bearer token is good for ARM; keys are checked for scoring.
"""

from dev.emulators.azureml.app import create_app
from dev.emulators.azureml.config import Settings, WorkspaceSpec, load_settings
from dev.emulators.azureml.scoring import serving_python

__all__ = ["Settings", "WorkspaceSpec", "create_app", "load_settings", "serving_python"]
