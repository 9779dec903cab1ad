"""Who the service is, and where that may be told."""

import pytest
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

from shared.adapters.azureml import Workspaces
from shared.adapters.clouds import PUBLIC, US_GOVERNMENT
from shared.adapters.egress.credentials import azure_credential
from shared.domain.addresses import blob_addresses, is_safe, require_safe
from shared.domain.pipeline import Workspace

SAFE = [
    "https://management.azure.com",
    "https://10.0.0.4:8443/x",
    "http://127.0.0.1:8080",
    "http://127.8.0.1",
    "http://localhost:1",
    "http://[::1]:1",
]
UNSAFE = [
    "http://management.azure.com",
    "http://10.0.0.4",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://127.0.0.1@example.com",
    "ftp://127.0.0.1",
    "https://",
    "management.azure.com",
    "",
]


@pytest.mark.parametrize("url", SAFE)
def test_safe(url: str) -> None:
    assert is_safe(url)
    assert require_safe(url) == url


@pytest.mark.parametrize("url", UNSAFE)
def test_unsafe(url: str) -> None:
    credential = azure_credential(static_token="a-token")
    with pytest.raises(ValueError, match="credentials are only sent"):
        Workspaces(arm_url=url, credential=credential)


def test_blob_addresses() -> None:
    with pytest.raises(ValueError, match="credentials are only sent"):
        blob_addresses("http://{account}.example.com")
    with pytest.raises(ValueError, match="write an address with"):
        blob_addresses("https://lake.blob.core.windows.net")
    text = "https://{account}.z1.blob.storage.azure.net/, lake=https://lake.z2.blob.example"
    addresses = blob_addresses(text)
    assert addresses.of("other") == "https://other.z1.blob.storage.azure.net"
    assert addresses.of("lake") == "https://lake.z2.blob.example"
    assert blob_addresses("").of("lake") is None


def test_kinds() -> None:
    assert isinstance(azure_credential(client_id="x"), ManagedIdentityCredential)
    assert isinstance(azure_credential(), DefaultAzureCredential)
    static = azure_credential(static_token="a-token")
    assert static.get_token("https://management.azure.com/.default").token == "a-token"
    assert "a-token" not in repr(static)


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://management.azure.com/a?b", True),
        ("https://westeurope.management.azure.com/a", True),
        ("https://management.azure.com.example.com/a", False),
        ("https://example.com/management.azure.com", False),
        ("https://x@example.com/", False),
        ("http://management.azure.com/a", False),
        ("https://evilmanagement.azure.com/", False),
    ],
)
def test_who_may_have_a_token(url: str, *, own: bool) -> None:
    credential = azure_credential(static_token="a-token")
    workspaces = Workspaces(arm_url="https://management.azure.com", credential=credential)
    assert workspaces.is_own(url) is own


def test_clouds_by_their_names() -> None:
    """Making a client reaches nobody: the clouds that the SDK knows need no metadata."""
    credential = azure_credential(static_token="a-token")
    for cloud in (PUBLIC, US_GOVERNMENT):
        workspaces = Workspaces(arm_url=cloud.arm_url, credential=credential, cloud=cloud)
        client = workspaces.client(Workspace("s", "g", "w"))
        assert client is workspaces.client(Workspace("S", "G", "W"))
        assert client._base_url == cloud.arm_url
