"""The proxy before Azurite, used by Microsoft's clients for blobs and tables."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from dev.emulators.storage import Faults, Service, create_app
from dev.storage import Account, Azurite, Ports

CONTENT = os.urandom(300_000)


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with Azurite(tmp_path_factory.mktemp("azurite"), ["faulty"]) as storage:
        yield storage


@pytest.fixture
async def account(azurite: Azurite) -> AsyncIterator[Account]:
    """The account as it is reached through the proxies."""
    direct, faults = azurite.accounts["faulty"], Faults()
    servers = {}
    for service in Service:
        upstream = f"http://127.0.0.1:{getattr(direct.ports, service)}"
        servers[service] = TestServer(create_app(service, upstream, faults), host="127.0.0.1")
        await servers[service].start_server()
    ports = {service.value: server.port or 0 for service, server in servers.items()}
    yield replace(direct, ports=Ports(**ports))
    for server in servers.values():
        await server.close()


@pytest.fixture
async def blob_control(account: Account) -> AsyncIterator[aiohttp.ClientSession]:
    base = f"http://127.0.0.1:{account.ports.blob}/"
    async with aiohttp.ClientSession(base) as session:
        yield session


def blobs(account: Account) -> BlobServiceClient:
    return BlobServiceClient.from_connection_string(account.connection_string, retry_total=0)


def write_and_read(account: Account, name: str = "a b/ü%.bin") -> bytes:
    with blobs(account) as service:
        container = service.get_container_client("things")
        if not container.exists():
            container.create_container()
        container.upload_blob(name, CONTENT, overwrite=True, max_concurrency=2)
        assert container.get_blob_client(name).get_blob_properties().size == len(CONTENT)
        assert name in [blob.name for blob in container.list_blobs()]
        return container.download_blob(name).readall()


def code_of(error: HttpResponseError) -> str:
    """Azure's code, which the clients for storage add to their errors."""
    code: Any = getattr(error, "error_code", "")
    return str(getattr(code, "value", code))


async def fault(control: aiohttp.ClientSession, body: object) -> int:
    async with control.post("/_emulator/faults", json=body) as response:
        return response.status


async def in_thread[T](call: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 (theirs)
    return await asyncio.to_thread(call, *arguments)


async def test_without_a_fault_everything_goes_through(account: Account) -> None:
    assert await in_thread(write_and_read, account) == CONTENT

    def tables() -> list[str]:
        with TableServiceClient.from_connection_string(account.connection_string) as service:
            table = service.create_table_if_not_exists("rows")
            table.upsert_entity({"PartitionKey": "p'1", "RowKey": "r", "note": "ü"})
            return [str(e["note"]) for e in table.query_entities("PartitionKey eq 'p''1'")]

    assert await in_thread(tables) == ["ü"]


async def test_a_copy_reads_its_source_through_the_proxy_which_may_refuse(
    account: Account, blob_control: aiohttp.ClientSession
) -> None:
    def copy(name: str) -> str:
        with blobs(account) as service:
            source = service.get_blob_client("things", "source")
            target = service.get_blob_client("things", name)
            return str(target.start_copy_from_url(source.url)["copy_status"])

    await in_thread(write_and_read, account, "source")
    assert await in_thread(copy, "first") == "success"
    await fault(blob_control, {"method": "PUT", "path": "/second", "answer": "pending-copy"})
    with pytest.raises(ResourceExistsError) as caught:
        await in_thread(copy, "second")
    assert code_of(caught.value) == "PendingCopyOperation"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("firewall", 403, "AuthorizationFailure"),
        ("missing-role", 403, "AuthorizationPermissionMismatch"),
        ("busy", 503, "ServerBusy"),
        ("pending-copy", 409, "PendingCopyOperation"),
    ],
)
async def test_chosen_requests_fail_as_often_as_told(
    account: Account, blob_control: aiohttp.ClientSession, name: str, status: int, code: str
) -> None:
    await in_thread(write_and_read, account, "chosen")
    wanted = {"method": "GET", "path": "/chosen$", "answer": name, "service": "blob"}
    assert await fault(blob_control, wanted) == 204
    with blobs(account) as service:
        blob = service.get_blob_client("things", "chosen")
        assert await in_thread(blob.exists)  # another method
        with pytest.raises(HttpResponseError) as caught:
            await in_thread(blob.download_blob)
        assert (caught.value.status_code, code_of(caught.value)) == (status, code)
        assert (await in_thread(blob.download_blob)).size == len(CONTENT)
    async with blob_control.get("/_emulator/requests") as response:
        (met,) = await response.json()
    assert (met["service"], met["method"]) == ("blob", "GET")


async def test_tables_have_errors_of_their_own_form(
    account: Account, blob_control: aiohttp.ClientSession
) -> None:
    await fault(blob_control, {"service": "table", "answer": "firewall"})

    def create() -> None:
        connection = account.connection_string
        with TableServiceClient.from_connection_string(connection, retry_total=0) as service:
            service.create_table("refused")

    with pytest.raises(HttpResponseError) as caught:
        await in_thread(create)
    assert caught.value.status_code == 403
    assert code_of(caught.value) == "AuthorizationFailure"
    await in_thread(create)


@pytest.mark.parametrize("applied", [True, False])
async def test_a_connection_breaks_before_or_after_the_request_is_carried_out(
    account: Account, blob_control: aiohttp.ClientSession, applied: bool
) -> None:
    await in_thread(write_and_read, account)
    name = f"lost-{applied}"
    wanted = {"method": "PUT", "path": f"/{name}", "drop": True, "applied": applied}
    await fault(blob_control, wanted)
    with blobs(account) as service:
        blob = service.get_blob_client("things", name)
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            await in_thread(blob.upload_blob, b"some")
        assert await in_thread(blob.exists) is applied


async def test_faults_are_taken_back_and_wrong_ones_refused(
    account: Account, blob_control: aiohttp.ClientSession
) -> None:
    wrong: list[object] = [{"answer": "dancing"}, {"answer": "busy", "path": "("}, {}, []]
    for body in [*wrong, {"answer": "busy", "service": "files"}]:
        assert await fault(blob_control, body) == 400
    await fault(blob_control, {"answer": "busy", "times": 1000})
    async with blob_control.delete("/_emulator/faults") as response:
        assert response.status == 204
    assert await in_thread(write_and_read, account) == CONTENT
