"""Who the service is towards Azure."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.adapters.clouds import PUBLIC, Cloud
from shared.domain.errors import technical

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

STATIC_TOKEN_SECONDS = 86_400

STORAGE_SCOPE = "https://storage.azure.com/.default"
"""Of blobs and tables, in every cloud
(learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory)."""

MAIL_SCOPE = "https://communication.azure.com//.default"
TOPIC_SCOPE = "https://eventgrid.azure.net/.default"
"""As azure-communication-email 1.1.0 and azure-eventgrid 4.22.0 ask for them."""


class FixedScope:
    """A credential that gives tokens for one thing alone, whatever a service asks for.

    Azure's clients take audience and tenant of the next token from a 401 answer
    (`StorageBearerTokenCredentialPolicy.on_challenge`): whoever answers could collect tokens for
    everything that the identity may do. The tenant is always the identity's own.
    """

    def __init__(self, credential: "TokenCredential", scope: str) -> None:
        self._credential = credential
        self.scope = scope

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **_: object,
    ) -> "AccessToken":
        """A token for the one scope.

        Raises:
            StepError: A token for something else is wanted.
        """
        del tenant_id
        if scopes != (self.scope,):
            raise technical(
                "ForeignAudience",
                f"A service that is used with tokens for {self.scope} asks for one for "
                f"{', '.join(scopes)[:200]}, which it does not get.",
            )
        return self._credential.get_token(self.scope, claims=claims, enable_cae=enable_cae)

    def __repr__(self) -> str:
        return f"FixedScope({self.scope})"


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
