"""Azure's clouds: where tokens come from in each, and what they are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Azure's clouds."""

    name: str
    """As azure-ai-ml, the Azure CLI and Bicep's `environment().name` know it."""

    arm_url: str
    authority: str
    """Where developers' credentials get tokens; a managed identity gets them from its host."""

    ml_audience: str
    """What a token for an endpoint with Entra authentication is for."""

    storage_suffix: str
    """Ends the host names of storage accounts."""

    scoring_suffix: str
    """Ends the host names of managed online endpoints
    (learn.microsoft.com/azure/machine-learning/how-to-access-azureml-behind-firewall)."""

    @property
    def arm_scope(self) -> str:
        """The scope of a token for ARM."""
        return f"{self.arm_url}/.default"

    @property
    def ml_scope(self) -> str:
        """The scope of a token for an endpoint."""
        return f"{self.ml_audience}/.default"


PUBLIC = Cloud(
    name="AzureCloud",
    arm_url="https://management.azure.com",
    authority="https://login.microsoftonline.com",
    ml_audience="https://ml.azure.com",
    storage_suffix="core.windows.net",
    scoring_suffix="inference.ml.azure.com",
)

US_GOVERNMENT = Cloud(
    name="AzureUSGovernment",
    arm_url="https://management.usgovcloudapi.net",
    authority="https://login.microsoftonline.us",
    ml_audience="https://ml.azure.us",
    storage_suffix="core.usgovcloudapi.net",
    scoring_suffix="inference.ml.azure.us",
)

CHINA = Cloud(
    name="AzureChinaCloud",
    arm_url="https://management.chinacloudapi.cn",
    authority="https://login.chinacloudapi.cn",
    ml_audience="https://ml.azure.cn",
    storage_suffix="core.chinacloudapi.cn",
    scoring_suffix="inference.ml.azure.cn",
)

CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {cloud.name: cloud for cloud in (PUBLIC, US_GOVERNMENT, CHINA)}
)
"""The values are those of `azure.ai.ml._azure_environments` (1.35.2); a test compares them."""
