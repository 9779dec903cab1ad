"""A managed identity asks its host for tokens, by its client id; one place knows credentials."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web

from shared.adapters.clouds import US_GOVERNMENT
from shared.adapters.egress.credentials import azure_credential
from tests.contract.serving import serving
from tests.structure.directions import is_within
from tests.structure.source import read_modules

SCOPE = "https://management.azure.com/.default"


@contextmanager
def token_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, str]]]:
    """The token service of App Service and Functions; what it is asked, the header too."""
    asked: list[dict[str, str]] = []

    async def give(request: web.Request) -> web.Response:
        asked.append({**request.query, "header": request.headers["X-IDENTITY-HEADER"]})
        token = {"access_token": "given", "expires_on": "4102444800", "token_type": "Bearer"}
        return web.json_response(token | {"resource": request.query["resource"]})

    app = web.Application()
    app.router.add_get("/msi/token", give)
    with serving(app) as address:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{address}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "the host's secret")
        yield asked


@pytest.mark.parametrize("client_id", ["0d5a-one", "77c1-two"])
def test_the_client_id_is_sent(client_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with token_service(monkeypatch) as asked:
        credential = azure_credential(client_id=client_id, cloud=US_GOVERNMENT)
        assert credential.get_token(SCOPE).token == "given"
    (once,) = asked
    assert once["client_id"] == client_id
    assert once["resource"].rstrip("/") == "https://management.azure.com"
    assert once["header"] == "the host's secret"


def test_credentials_are_built_in_one_place() -> None:
    importers = {
        module.name
        for module in read_modules("function_app.py", "shared")
        for use in module.imports
        if is_within(use.name, "azure.identity")
    }
    assert importers == {"shared.adapters.egress.credentials"}
