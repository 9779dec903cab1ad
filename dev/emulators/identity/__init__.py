"""Emulator of the token service that App Service gives a managed identity.

An app is pointed at it by `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`, as App Service does
(learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference); tests
make it fail under `/_emulator/`.
"""

from dev.emulators.identity.app import PATH, create_app
from dev.emulators.identity.state import Settings

__all__ = ["PATH", "Settings", "create_app"]
