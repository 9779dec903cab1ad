"""The token service, asked by azure-identity's own credential as an app on App Service does."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential

from dev.emulators.identity import Settings, create_app

HEADER = "a-secret-of-the-tests-alone"
CLIENT = "00000000-0000-0000-0000-00000000c11e"
ARM = "https://management.azure.com/.default"


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestServer]:
    server = TestServer(create_app(Settings(HEADER, (CLIENT,))), host="127.0.0.1")
    await server.start_server()
    monkeypatch.setenv("IDENTITY_ENDPOINT", str(server.make_url("/msi/token")))
    monkeypatch.setenv("IDENTITY_HEADER", HEADER)
    yield server
    await server.close()


@pytest.fixture
async def http(server: TestServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.make_url("/")) as session:
        yield session


async def ask(client_id: str = CLIENT, **options: object) -> str:
    """A token by a credential of its own, which knows of no earlier one."""

    def get() -> str:
        settings: dict[str, Any] = {"retry_total": 0, **options}
        with ManagedIdentityCredential(client_id=client_id, **settings) as credential:
            return str(credential.get_token(ARM).token)

    return await asyncio.to_thread(get)


async def control(http: aiohttp.ClientSession, path: str, body: object) -> int:
    async with http.post(f"/_emulator/{path}", json=body) as response:
        return response.status


async def asked(http: aiohttp.ClientSession) -> list[dict[str, Any]]:
    async with http.get("/_emulator/requests") as response:
        found: list[dict[str, Any]] = await response.json()
        return found


async def test_a_token_is_given_for_the_resource_and_identity(http: aiohttp.ClientSession) -> None:
    assert await ask() != await ask()
    (first, _) = await asked(http)
    assert first["resource"] == "https://management.azure.com"
    assert (first["client_id"], first["status"]) == (CLIENT, 200)


@pytest.mark.usefixtures("server")
async def test_an_identity_that_the_app_has_not_gets_none() -> None:
    with pytest.raises((ClientAuthenticationError, CredentialUnavailableError)):
        await ask("00000000-0000-0000-0000-000000000bad")


async def test_the_secret_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, http: aiohttp.ClientSession
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with pytest.raises((ClientAuthenticationError, CredentialUnavailableError)):
        await ask()
    assert [request["status"] for request in await asked(http)] == [401]


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 1}])
async def test_it_fails_as_often_as_told_and_then_gives_tokens(
    http: aiohttp.ClientSession, fault: dict[str, Any]
) -> None:
    assert await control(http, "faults", fault | {"times": 1}) == 204
    with pytest.raises((ClientAuthenticationError, CredentialUnavailableError)):
        await ask()
    assert await ask()


async def test_a_retry_after_is_in_the_answer(http: aiohttp.ClientSession) -> None:
    await control(http, "faults", {"status": 429, "retry_after": 7, "times": 1})
    async with http.get("/msi/token") as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "7")


async def test_it_does_not_answer(http: aiohttp.ClientSession) -> None:
    await control(http, "faults", {"drop": True, "times": 1})
    with pytest.raises(Exception, match=r"(?i)connection|disconnected|reset"):
        await ask()
    assert [request["status"] for request in await asked(http)] == [0]


async def test_it_fails_for_a_while_or_until_it_is_told_otherwise(
    http: aiohttp.ClientSession,
) -> None:
    await control(http, "faults", {"status": 500, "seconds": 0.3})
    async with http.get("/msi/token") as response:
        assert response.status == 500
    await asyncio.sleep(0.4)
    assert await ask()
    await control(http, "faults", {"status": 503})
    for _ in range(3):
        async with http.get("/msi/token") as response:
            assert response.status == 503
    async with http.delete("/_emulator/faults") as response:
        assert response.status == 204
    assert await ask()


async def test_short_tokens_are_asked_for_again(http: aiohttp.ClientSession) -> None:
    def twice() -> None:
        with ManagedIdentityCredential(client_id=CLIENT) as credential:
            first = credential.get_token(ARM)
            assert first.expires_on <= time.time() + 2
            time.sleep(1.5)
            assert credential.get_token(ARM).token != first.token

    assert await control(http, "lifetime", {"seconds": 1}) == 204
    await asyncio.to_thread(twice)
    assert len(await asked(http)) == 2


async def test_wrong_control_requests_are_refused_and_a_reset_forgets(
    http: aiohttp.ClientSession,
) -> None:
    wrong: list[object] = [{"status": 200}, {"status": "x"}, {"times": "often"}, []]
    for body in wrong:
        assert await control(http, "faults", body) == 400
    assert await control(http, "lifetime", {}) == 400
    await control(http, "faults", {"status": 500})
    assert await control(http, "reset", {}) == 204
    assert await ask()
