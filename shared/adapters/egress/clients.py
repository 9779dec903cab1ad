"""Azure's clients as this service uses them: tokens for one scope, and no redirects.

Each is imported where it is made: they are dear, and only activities need most of them.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from shared.adapters.egress.credentials import MAIL_SCOPE, STORAGE_SCOPE, TOPIC_SCOPE, FixedScope
from shared.domain.addresses import is_address
from shared.domain.errors import technical

if TYPE_CHECKING:
    from azure.communication.email import EmailClient
    from azure.core.credentials import AzureKeyCredential, TokenCredential
    from azure.core.pipeline.transport import RequestsTransport
    from azure.data.tables import TableServiceClient
    from azure.eventgrid import EventGridPublisherClient
    from azure.storage.blob import BlobServiceClient, ContainerClient

STAY: dict[str, Any] = {"permit_redirects": False}
"""What is signed goes where the caller says."""


def container_client(
    url: str,
    name: str,
    *,
    credential: "TokenCredential",
    key: tuple[str, str] | None = None,
    **options: Any,  # noqa: ANN401 (azure-core's)
) -> "ContainerClient":
    """The client of a blob container.

    Args:
        url: Address of the account's blob service.
        name: The container's.
        credential: Used where there is no key.
        key: Account and key.
        options: Of the client.
    """
    from azure.storage.blob import ContainerClient

    given: Any = FixedScope(credential, STORAGE_SCOPE)
    if key is not None:
        given = {"account_name": key[0], "account_key": key[1]}
    return ContainerClient(url, name, credential=given, transport=_connections(), **options, **STAY)


def blob_service_client(
    url: str,
    *,
    credential: "TokenCredential",
    **options: Any,  # noqa: ANN401 (azure-core's)
) -> "BlobServiceClient":
    """The client of an account's blob service, with the identity."""
    from azure.storage.blob import BlobServiceClient

    scoped = FixedScope(credential, STORAGE_SCOPE)
    return BlobServiceClient(url, credential=scoped, transport=_connections(), **options, **STAY)


@cache
def _connections() -> "RequestsTransport":
    """What all clients of blobs connect by, however many containers registrants name.

    A client that is closed or forgotten leaves it open for the others.
    """
    from azure.core.pipeline.transport import RequestsTransport
    from requests import Session

    return RequestsTransport(session=Session(), session_owner=False)


def table_service_client(
    tables: str,
    *,
    credential: "TokenCredential | None",
    **options: Any,  # noqa: ANN401 (azure-core's)
) -> "TableServiceClient":
    """The client of Table Storage: its endpoint with the identity, or a connection string."""
    from azure.data.tables import TableServiceClient

    if not is_address(tables):
        return TableServiceClient.from_connection_string(tables, **options, **STAY)
    scoped = credential and FixedScope(credential, STORAGE_SCOPE)
    return TableServiceClient(tables, credential=scoped, **options, **STAY)


def email_client(
    endpoint: str,
    *,
    key: str | None,
    credential: "TokenCredential | None",
    **options: Any,  # noqa: ANN401 (azure-core's)
) -> "EmailClient":
    """The client of Communication Services Email.

    Raises:
        StepError: There is neither key nor credential.
    """
    from azure.communication.email import EmailClient

    given = _key_or_identity("Communication Services Email", key, credential, MAIL_SCOPE)
    return EmailClient(endpoint, given, **options, **STAY)


def topic_client(
    endpoint: str, *, key: str | None, credential: "TokenCredential | None"
) -> "EventGridPublisherClient":
    """The client of an Event Grid topic; its options go with each call, the client drops them.

    Raises:
        StepError: There is neither key nor credential.
    """
    from azure.eventgrid import EventGridPublisherClient

    given = _key_or_identity("The Event Grid topic", key, credential, TOPIC_SCOPE)
    return EventGridPublisherClient(endpoint, given)


def _key_or_identity(
    what: str, key: str | None, credential: "TokenCredential | None", scope: str
) -> "AzureKeyCredential | TokenCredential":
    from azure.core.credentials import AzureKeyCredential

    if key is not None:
        return AzureKeyCredential(key)
    if credential is None:
        raise technical("NoCredential", f"{what} is set without a key or an identity.")
    return FixedScope(credential, scope)
