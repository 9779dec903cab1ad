"""Who the service is towards Azure."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.adapters.clouds import PUBLIC, Cloud

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

STATIC_TOKEN_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A credential for an Azure ML that takes any token, such as the local stack's."""

    token: str

    def get_token(self, *scopes: str, **options: Any) -> "AccessToken":  # noqa: ANN401 (azure-core's signature)
        """The token, whatever it is wanted for."""
        from azure.core.credentials import AccessToken

        del scopes, options
        return AccessToken(self.token, int(time.time()) + STATIC_TOKEN_SECONDS)

    def __repr__(self) -> str:
        return "StaticToken(…)"


def azure_credential(
    *, client_id: str | None = None, static_token: str | None = None, cloud: Cloud = PUBLIC
) -> "TokenCredential":
    """The credential for everything in Azure.

    Args:
        client_id: Client id of the user-assigned managed identity; None takes what the
            environment offers a developer (Azure CLI, VS Code, environment variables).
        static_token: A token that needs no Azure, for emulators.
        cloud: Whose Entra ID gives a developer tokens.
    """
    if static_token is not None:
        return StaticToken(static_token)
    # imported here: loading azure.identity is dear, and only activities need it
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

    if client_id is not None:
        return ManagedIdentityCredential(client_id=client_id)
    return DefaultAzureCredential(authority=cloud.authority)
