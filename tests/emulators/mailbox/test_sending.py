"""The REST interface, driven by azure-communication-email as it comes."""

import asyncio
import base64
import time
import uuid
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from azure.communication.email import EmailClient as SyncEmailClient
from azure.communication.email._shared.policy import HMACCredentialsPolicy
from azure.communication.email.aio import EmailClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
)
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest as LegacyRequest
from azure.core.rest import HttpRequest

from tests.emulators.mailbox.support import ACCESS_KEY, Serve, client_for, mail


async def messages(http: aiohttp.ClientSession) -> list[dict[str, Any]]:
    async with http.get("/messages") as response:
        found: list[dict[str, Any]] = await response.json()
        return found


async def test_a_sent_mail_succeeds_and_lies_in_the_inbox(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    headers = {"In-Reply-To": "<1@modelgate.example>", "References": "<1@modelgate.example>"}
    content = {"subject": "Approve", "plainText": "text", "html": "<p>html</p>"}
    poller = await client.begin_send(mail(content=content, headers=headers))
    result = await poller.result()

    assert result == {"id": result["id"], "status": "Succeeded", "error": None}
    (received,) = await messages(http)
    assert received["operation_id"] == result["id"]
    assert (received["from"], received["to"]) == (
        "DoNotReply@modelgate.example",
        ["ada@example.com"],
    )
    assert (received["subject"], received["text"]) == ("Approve", "text")
    assert (received["html"], received["headers"]) == ("<p>html</p>", headers)
    assert received["received_at"].endswith("+00:00")


async def test_the_synchronous_client_works_too(server: TestServer) -> None:
    def send() -> Mapping[str, Any]:
        credential = AzureKeyCredential(ACCESS_KEY)
        with SyncEmailClient(str(server.make_url("/")), credential) as client:
            return client.begin_send(mail()).result()

    assert (await asyncio.to_thread(send))["status"] == "Succeeded"


def test_a_connection_string_loses_its_plain_http_so_clients_are_given_the_endpoint_itself() -> (
    None
):
    address = f"endpoint=http://127.0.0.1:1/;accesskey={ACCESS_KEY}"
    with SyncEmailClient.from_connection_string(address) as client:
        assert client._config.endpoint == "https://127.0.0.1:1"


async def test_a_send_runs_until_its_retry_after_has_passed(serve: Serve) -> None:
    server = await serve(retry_after_seconds=1)
    async with client_for(server) as client:
        began = time.monotonic()
        poller = await client.begin_send(mail())
        assert poller.status() == "Running"
        result = await poller.result()
    assert result["status"] == "Succeeded"
    assert time.monotonic() - began >= 1


async def test_an_unknown_sender_is_refused_in_the_services_words(client: EmailClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        await client.begin_send(mail(senderAddress="modelgate@modelgate.example"))
    assert caught.value.error is not None
    assert caught.value.error.message == (
        "Invalid email sender username: 'modelgate'. Please use a username from the list of valid "
        "usernames configured by your admin."
    )


async def test_the_case_of_a_senders_name_does_not_matter(client: EmailClient) -> None:
    result = await (
        await client.begin_send(mail(senderAddress="donotreply@modelgate.example"))
    ).result()
    assert result["status"] == "Succeeded"


async def test_attachments_are_kept(client: EmailClient, http: aiohttp.ClientSession) -> None:
    content = base64.b64encode(b"email test attachment").decode()
    file = {"name": "readme.txt", "contentType": "text/plain", "contentInBase64": content}
    await (await client.begin_send(mail(attachments=[file]))).result()

    (received,) = await messages(http)
    assert received["attachments"] == [
        {"name": "readme.txt", "content_type": "text/plain", "bytes": 21}
    ]
    async with http.get(f"/messages/{received['id']}/attachments/0") as response:
        assert await response.read() == b"email test attachment"


async def test_a_wrong_key_is_refused_in_the_services_words(server: TestServer) -> None:
    other = base64.b64encode(b"another key").decode()
    async with client_for(server, access_key=other) as client:
        with pytest.raises(ClientAuthenticationError) as caught:
            await client.begin_send(mail())
    assert caught.value.status_code == 401
    assert caught.value.error is not None
    assert caught.value.error.code == "Denied"


async def test_an_altered_body_and_an_old_date_are_refused(server: TestServer) -> None:
    url = str(server.make_url("/emails:send?api-version=2025-09-01"))
    request = LegacyRequest("POST", url, data="{}")
    policy = HMACCredentialsPolicy(str(server.make_url("")).rstrip("/"), ACCESS_KEY)
    policy.on_request(PipelineRequest(request, PipelineContext(None)))
    signed = dict(request.headers)
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data="{}", headers=signed) as response:
            assert response.status == 400  # the signature holds, the message is empty
        async with session.post(url, data="{ }", headers=signed) as response:
            assert response.status == 401
            assert "x-ms-content-sha256" in (await response.json())["error"]["message"]
        old = {**signed, "x-ms-date": "Wed, 15 Mar 2023 23:40:52 GMT"}
        async with session.post(url, data="{}", headers=old) as response:
            assert response.status == 401
        async with session.post(url, data="{}") as response:
            assert response.status == 401


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"senderAddress": "someone@elsewhere.example"}, 404, "DomainNotLinked"),
        ({"senderAddress": "modelgate@modelgate.example"}, 400, "InvalidSenderUserName"),
        ({"senderAddress": "nobody"}, 400, "BadRequest"),
        ({"content": {"plainText": "no subject"}}, 400, "BadRequest"),
        ({"content": {"subject": "no content"}}, 400, "BadRequest"),
        ({"content": "no object"}, 400, "BadRequest"),
        ({"recipients": {"to": []}}, 400, "BadRequest"),
        ({"recipients": {"to": [{"address": "not an address"}]}}, 400, "BadRequest"),
        ({"recipients": {"to": "ada@example.com"}}, 400, "BadRequest"),
        ({"headers": {"X-Split": "a\r\nBcc: eve@example.com"}}, 400, "BadRequest"),
        ({"headers": ["no object"]}, 400, "BadRequest"),
        ({"attachments": [{"name": "a", "contentType": "b", "contentInBase64": "?"}]}, 400, None),
        ({"attachments": [{"contentInBase64": ""}]}, 400, "BadRequest"),
        (
            {
                "recipients": {
                    "to": [{"address": f"p{n}@example.com"} for n in range(30)],
                    "cc": [{"address": f"q{n}@example.com"} for n in range(21)],
                }
            },
            400,
            "BadRequest",
        ),
    ],
)
async def test_a_message_that_breaks_a_rule_is_refused(
    client: EmailClient,
    http: aiohttp.ClientSession,
    changes: dict[str, Any],
    status: int,
    code: str | None,
) -> None:
    with pytest.raises(HttpResponseError) as caught:
        await client.begin_send(mail(**changes))
    assert caught.value.status_code == status
    assert caught.value.error is not None
    assert caught.value.error.code == (code or "BadRequest")
    assert await messages(http) == []


async def test_a_message_over_ten_megabytes_is_refused(server: TestServer) -> None:
    content = {"subject": "big", "plainText": "x" * (10 * 1024 * 1024)}

    def send() -> None:
        credential = AzureKeyCredential(ACCESS_KEY)
        with SyncEmailClient(str(server.make_url("/")), credential, retry_total=0) as client:
            client.begin_send(mail(content=content))

    with pytest.raises(HttpResponseError) as caught:
        await asyncio.to_thread(send)
    assert caught.value.status_code == 413


async def test_fifty_recipients_are_taken(client: EmailClient) -> None:
    recipients = {"to": [{"address": f"p{n}@example.com"} for n in range(50)]}
    result = await (await client.begin_send(mail(recipients=recipients))).result()
    assert result["status"] == "Succeeded"


async def test_a_repeat_can_be_answered_as_the_first_was(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    operation_id = str(uuid.uuid4())
    await http.post("/_emulator/repeats", json={"answer": "first"})
    for _ in range(2):
        poller = await client.begin_send(mail(), operation_id=operation_id)
        assert (await poller.result())["id"] == operation_id
    assert len(await messages(http)) == 1


async def test_a_repeat_is_a_conflict_or_when_told_refused_or_a_second_mail(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    operation_id = str(uuid.uuid4())
    await client.begin_send(mail(), operation_id=operation_id)
    with pytest.raises(ResourceExistsError):
        await client.begin_send(mail(), operation_id=operation_id)
    await http.post("/_emulator/repeats", json={"answer": "refused"})
    with pytest.raises(HttpResponseError) as caught:
        await client.begin_send(mail(), operation_id=operation_id)
    assert caught.value.status_code == 400
    await http.post("/_emulator/repeats", json={"answer": "duplicate"})
    await client.begin_send(mail(), operation_id=operation_id)
    assert [m["operation_id"] for m in await messages(http)] == [operation_id] * 2


async def test_an_operation_id_must_be_a_uuid(client: EmailClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        await client.begin_send(mail(), operation_id="release-7")
    assert caught.value.status_code == 400


async def test_an_unknown_operation_is_not_found(server: TestServer) -> None:
    url = server.make_url("/emails/operations/none?api-version=2025-09-01")
    async with client_for(server) as client:
        response = await client.send_request(HttpRequest("GET", str(url)))
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "NotFound"
