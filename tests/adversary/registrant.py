"""Somebody with the right to register models, create datastores and deploy in the QA workspace.

Everything here goes over interfaces that such a person has: ARM, and the workspace's storage with
the key that its datastore gives away.
"""

import http.client
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from tests.e2e.stacks import Stack

API_VERSION = "2024-10-01-preview"
HONEST = {"factor.json": b'{"factor": 2.0}'}
UPLOADERS = 8


@dataclass(frozen=True)
class Registrant:
    """The test registrant."""

    stack: Stack
    name: str = "Mallory"
    """As the directory shows it."""

    def arm(
        self, method: str, path: str, properties: Mapping[str, Any] | None = None
    ) -> requests.Response:
        """One call below the QA workspace, which has to be taken."""
        address = self.stack.facts["azureml"] + self.stack.facts["workspaces"]["qa"]
        answer = requests.request(
            method,
            f"{address}/{path}",
            params={"api-version": API_VERSION},
            json={"properties": properties or {}},
            headers={"Authorization": f"Bearer user:{self.name}".encode()},
            timeout=60,
        )
        assert answer.ok, answer.text
        return answer

    def datastore(self, name: str, **changes: Any) -> None:  # noqa: ANN401 (JSON)
        """Create a datastore; anybody's account unless `changes` say otherwise."""
        given = {
            "datastoreType": "AzureBlob",
            "accountName": "adversary",
            "containerName": "models",
            "endpoint": "core.windows.net",
            "protocol": "https",
            "credentials": {"credentialsType": "AccountKey", "secrets": {"key": "a2V5"}},
        }
        self.arm("PUT", f"datastores/{name}", {**given, **changes})

    def model(self, name: str, version: str, uri: str, **more: Any) -> None:  # noqa: ANN401 (JSON)
        """Register what lies at an address."""
        given = {"modelUri": uri, "modelType": "custom_model", **more}
        self.arm("PUT", f"models/{name}/versions/{quote(version, safe='')}", given)

    def put(self, name: str, content: bytes) -> None:
        """Write a blob of any name that the storage service takes.

        No client of Azure's: those make `a/../b` into `b` before they send it.
        """
        connection = dict(
            part.split("=", 1) for part in self.stack.facts["storage"]["qa"].split(";") if part
        )
        place = urlsplit(connection["BlobEndpoint"])
        container = self.container
        signed = generate_container_sas(
            connection["AccountName"],
            container,
            account_key=connection["AccountKey"],
            permission=ContainerSasPermissions(write=True, create=True),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        client = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
        path = f"{place.path}/{container}/{quote(name, safe='')}?{signed}"
        client.request("PUT", path, content, {"x-ms-blob-type": "BlockBlob"})
        answer = client.getresponse()
        words = answer.read()
        client.close()
        assert answer.status == 201, words

    @property
    def container(self) -> str:
        """The container behind the workspace's own datastore."""
        shown = self.arm("GET", "datastores/workspaceblobstore").json()
        return str(shown["properties"]["containerName"])

    def files(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write blobs below a folder."""
        with ThreadPoolExecutor(UPLOADERS) as pool:
            list(pool.map(lambda item: self.put(f"{folder}/{item[0]}", item[1]), files.items()))

    def release(
        self,
        scenario: str,
        version: str = "1",
        files: Mapping[str, bytes] | None = None,
        **more: Any,  # noqa: ANN401 (JSON)
    ) -> str:
        """Register files as a version of a scenario's model; the id of the release it starts."""
        folder = f"models/{scenario}/{quote(version, safe='')}"
        self.files(folder, {**HONEST, **(files or {})})
        uri = f"azureml://datastores/workspaceblobstore/paths/{folder}"
        self.model(scenario, version, uri, **more)
        return self.stack.started(scenario, version)


def mischief(kind: str) -> dict[str, bytes]:
    """The files of a model that does something other than its script's author expects."""
    return {"mischief.txt": kind.encode()}


def as_json(value: object) -> bytes:
    """A file's content."""
    return json.dumps(value).encode()
