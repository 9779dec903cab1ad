"""Which hosts the app goes to where storage is found as in Azure: by the account's public name.

The stack of this file has no address of blob services in its settings. All that its process sends
beyond this machine goes through the listener, whatever the host is called.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from tests.adversary.listening import Listener, as_proxy
from tests.adversary.pipelines import write
from tests.adversary.registrant import Registrant
from tests.e2e.stacks import Stack
from tests.e2e.starting import running

OURS = re.compile(
    r"CONNECT wk(qa|prod)\.(blob|dfs)\.core\.windows\.net:443 HTTP/1\.[01]"
    r"|GET http://169\.254\.169\.254/metadata/identity/.*"
)
"""The accounts that the workspaces themselves name, and where the platform gives tokens."""

SETTLED_SECONDS = 6.0
"""Activities have been tried a few times by then."""

OWN = {"accountName": "wkqa"}
DATASTORES: Mapping[str, Mapping[str, Any]] = {
    "endpoint": {**OWN, "endpoint": "adversary.example"},
    "endpoint-after-ours": {**OWN, "endpoint": "core.windows.net.adversary.example"},
    "endpoint-with-a-user": {**OWN, "endpoint": "core.windows.net@adversary.example"},
    "endpoint-with-a-path": {**OWN, "endpoint": "adversary.example/core.windows.net"},
    "endpoint-of-another-cloud": {**OWN, "endpoint": "core.chinacloudapi.cn"},
    "protocol": {**OWN, "protocol": "https://adversary.example/?"},
    "account": {"accountName": "adversary"},
    "account-with-a-host": {"accountName": "adversary.example/"},
    "account-with-ours-first": {"accountName": "wkqa.blob.core.windows.net@adversary.example/"},
    "lake": {"datastoreType": "AzureDataLakeGen2", "filesystem": "m", "accountName": "adversary"},
    "host-by-http": {"accountName": "{listener}/", "protocol": "http"},
    "host-by-https": {"accountName": "{listener}/"},
}
ADDRESSES = (
    "https://wkqa.blob.adversary.example/models/m",
    "https://adversary.blob.core.windows.net/models/m",
    "https://a.blob.b@adversary.example/models/m",
    "https://a.blob.b@{listener}/models/m",
)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as listening:
        yield listening


@pytest.fixture(scope="module")
def stack(listener: Listener, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("doors")
    pipelines = write(tmp_path_factory.mktemp("pipelines"))
    names = {"MODELGATE_BLOB_URL": "", "MODELGATE_WORKSPACE_STORAGE": "identity"}
    more = [word for item in names.items() for word in ("--setting", "=".join(item))]
    with ExitStack() as exits:
        with as_proxy(listener):
            started = exits.enter_context(running(folder, pipelines, *more))
        yield started


@pytest.fixture(scope="module")
def mallory(stack: Stack, listener: Listener) -> Registrant:
    """Who has registered all of them, some seconds ago."""
    mallory = Registrant(stack)
    for name, changes in DATASTORES.items():
        there = {key: value.format(listener=listener.address) for key, value in changes.items()}
        mallory.datastore(name, **there)
        mallory.model("places", name, f"azureml://datastores/{name}/paths/m")
    for number, address in enumerate(ADDRESSES):
        uri = address.format(listener=listener.address)
        mallory.model("places", f"address-{number}", uri)
    for version in (*DATASTORES, f"address-{len(ADDRESSES) - 1}"):
        stack.started("places", version)
    time.sleep(SETTLED_SECONDS)
    return mallory


def test_nothing_goes_to_a_host_that_is_not_ours(mallory: Registrant, listener: Listener) -> None:
    assert mallory.stack.get("/api/releases?pipeline=places")["releases"]
    assert [line for line in listener.seen if not OURS.fullmatch(line)] == []
    assert listener.credentials == []


def test_the_app_would_have_been_seen(stack: Stack, listener: Listener) -> None:
    """The process that runs the app has the listener for its proxy, and the listener notes all."""
    (host,) = [each for each in stack.processes() if "dev.host" in each.cmdline()]
    assert host.environ()["https_proxy"] == f"http://{listener.address}"
    with Listener() as listening:
        proxies = dict.fromkeys(("http", "https"), f"http://{listening.address}")
        with pytest.raises(requests.exceptions.ProxyError):
            requests.get("https://adversary.example/", proxies=proxies, timeout=5)
        key = {"Authorization": "secret"}
        requests.get("http://adversary.example/", headers=key, proxies=proxies, timeout=5)
        tunnel, plain = listening.seen
        assert tunnel.startswith("CONNECT adversary.example:443")
        assert plain.startswith("GET http://adversary.example/")
        assert listening.credentials == ["Authorization: secret"]
