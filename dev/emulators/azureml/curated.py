"""Environments that Microsoft keeps: every workspace shows them as if they were its own."""

from __future__ import annotations

from dev.emulators.azureml.references import is_curated_environment
from dev.emulators.azureml.state import Asset
from dev.emulators.azureml.wire import Json

_BUILT = 1_700_000_000.0
"""When, in seconds since 1970; any time before the workspaces were made."""
_ANY_VERSION = "1"


def find(kind: str, name: str, version: str) -> Asset | None:
    """A curated environment, or its container without a version; None for all that is none."""
    reference = f"azureml:{name}:{version or _ANY_VERSION}"
    if kind != "environments" or not is_curated_environment(reference):
        return None
    properties: Json = {
        "description": None,
        "tags": {},
        "properties": {},
        "isArchived": False,
    }
    if version:
        properties |= {
            "isAnonymous": False,
            "image": f"mcr.microsoft.com/azureml/curated/{name.lower()}:{version}",
            "osType": "Linux",
            "environmentType": "Curated",
            "autoRebuild": "Disabled",
            "provisioningState": "Succeeded",
        }
    return Asset(
        kind,
        name,
        version,
        properties,
        created=_BUILT,
        modified=_BUILT,
        created_by="Microsoft",
        modified_by="Microsoft",
    )
