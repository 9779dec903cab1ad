"""Answers compared with what the real service was recorded to say."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
from aiohttp.test_utils import TestServer
from azure.communication.email import EmailClient
from azure.communication.email.aio import EmailClient as AsyncEmailClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineResponse

from tests.emulators.mailbox.support import ACCESS_KEY, SENDER, mail

REFERENCE = os.environ.get("MODELGATE_REFERENCE")
pytestmark = pytest.mark.skipif(
    REFERENCE is None, reason="MODELGATE_REFERENCE does not name the recorded traffic"
)
RECORDINGS = [
    "recorded_single_recipient.json",
    "recorded_multiple_recipients.json",
    "recorded_attachment.json",
]
STABLE_HEADERS = {"content-type", "operation-location", "retry-after", "api-supported-versions"}


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (Path(REFERENCE or "") / "real-traffic/acs" / name).read_text("utf-8")
    )
    return found


def exchange(server: TestServer, body: dict[str, Any]) -> list[tuple[int, set[str], Any]]:
    """Status, those headers that are the interface's, and body of a send and its first poll."""
    seen = []

    def note(response: PipelineResponse[Any, Any]) -> None:
        answer = response.http_response
        answer.read()
        names = {name.lower() for name in answer.headers} & STABLE_HEADERS
        seen.append((answer.status_code, names, answer.json()))

    credential = AzureKeyCredential(ACCESS_KEY)
    with EmailClient(str(server.make_url("/")), credential) as client:
        client.begin_send({**body, "senderAddress": SENDER}, raw_response_hook=note).result()
    return seen


@pytest.mark.parametrize("name", RECORDINGS)
async def test_a_send_and_its_poll_look_as_recorded(server: TestServer, name: str) -> None:
    entries = recorded(name)["Entries"]
    seen = await asyncio.to_thread(exchange, server, entries[0]["RequestBody"])
    for entry, (status, headers, body) in zip((entries[0], entries[-1]), seen, strict=True):
        expected = {header.lower() for header in entry["ResponseHeaders"]} & STABLE_HEADERS
        assert (status, headers) == (entry["StatusCode"], expected)
        assert {**body, "id": "someId"} == entry["ResponseBody"]


async def test_results_fit_the_published_schema(
    server: TestServer, http: aiohttp.ClientSession
) -> None:
    swagger = recorded("swagger-2023-03-31/CommunicationServicesEmail.json")
    schema = swagger["definitions"]["EmailSendResult"]
    del schema["properties"]["error"]  # refers to another file; the recordings show it
    example = recorded("swagger-2023-03-31/examples/SendEmail.json")["parameters"]["emailMessage"]
    for _, _, body in await asyncio.to_thread(exchange, server, example):
        jsonschema.validate(body, schema)
    async with http.get("/messages") as response:
        (received,) = await response.json()
    assert received["cc"] == ["wendy@someotherdomain.com", "jimmy@anotherdomain.com"]
    assert received["reply_to"] == ["contoso-support@contoso.com"]
    assert received["headers"]["ClientCorrelationId"] == "123"


async def test_a_failure_looks_as_published(
    client: AsyncEmailClient, http: aiohttp.ClientSession
) -> None:
    name = "swagger-2023-03-31/examples/GetOperationStatusReturnsFailedTerminalStatus.json"
    published = recorded(name)["responses"]["200"]["body"]
    await http.post("/_emulator/faults", json={"drop": "a@example.com"})
    poller = await client.begin_send(mail(recipients={"to": [{"address": "a@example.com"}]}))
    with pytest.raises(HttpResponseError) as caught:
        await poller.result()
    answer: Any = caught.value.response
    assert {**answer.json(), "id": published["id"]} == published
