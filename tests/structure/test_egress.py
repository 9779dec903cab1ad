"""Clients and credentials are made in `shared/adapters/egress` alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure.source import ROOT

DOOR = ROOT / "shared" / "adapters" / "egress"
CREDENTIALS_OF_KEYS = "AzureKeyCredential"

NETWORK = frozenset(
    {
        "aiohttp",
        "ftplib",
        "http.client",
        "httpx",
        "requests",
        "smtplib",
        "socket",
        "urllib.request",
        "urllib3",
        "azure.core.pipeline.transport",
    }
)
"""Modules that open connections. `urllib.parse` opens none."""


def ways_out(source: str) -> Iterator[str]:
    """What in a module opens a connection, or makes who does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in NETWORK)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = {f"{module}.{each.name}" for each in node.names} | {module}
            yield from sorted(names & NETWORK)
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name == "from_connection_string":
                yield name
            if name.endswith(("Client", "Credential")) and name != CREDENTIALS_OF_KEYS:
                yield f"{name}()"


def modules() -> list[Path]:
    found = [ROOT / "function_app.py", *sorted((ROOT / "shared").rglob("*.py"))]
    return [module for module in found if not module.is_relative_to(DOOR)]


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_else_leaves_the_process(module: Path) -> None:
    assert list(ways_out(module.read_text("utf-8"))) == []


EXCHANGES = {"shared/adapters/azureml/scoring.py", "shared/adapters/azureml/workspaces.py"}
"""Look at each address before they send anything there."""


def test_only_who_looks_at_addresses_exchanges_anything() -> None:
    users = {
        str(module.relative_to(ROOT))
        for module in modules()
        if "egress.http" in module.read_text("utf-8")
    }
    assert users == EXCHANGES


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "from urllib.request import urlopen",
        "from urllib import request",
        "import http.client",
        "from azure.storage.blob import BlobClient\nBlobClient('https://a', 'b', 'c')",
        "import azure.identity\nazure.identity.DefaultAzureCredential()",
        "from azure.data.tables import TableClient\nTableClient.from_connection_string('x')",
        "def f():\n    from aiohttp import ClientSession",
    ],
)
def test_the_rule_catches_what_it_is_there_for(source: str) -> None:
    assert list(ways_out(source))


def test_the_door_itself_is_one() -> None:
    assert any(list(ways_out(module.read_text("utf-8"))) for module in DOOR.glob("*.py"))
