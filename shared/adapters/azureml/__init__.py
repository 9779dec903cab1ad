"""Azure Machine Learning: models, endpoints, deployments, and the look before people are asked.

azure-ai-ml takes over a second to import: nothing here imports it before it is needed.
"""

from shared.adapters.azureml.endpoints import AzureMlEndpoints
from shared.adapters.azureml.models import AzureMlModels
from shared.adapters.azureml.preflight import AzureMlPreflight
from shared.adapters.azureml.workspaces import Workspaces

__all__ = ["AzureMlEndpoints", "AzureMlModels", "AzureMlPreflight", "Workspaces"]
