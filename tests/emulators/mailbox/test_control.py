"""Quotas, failures and restarts, as the control prefix and `state_dir` bring them about."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from azure.communication.email.aio import EmailClient
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.core.rest import HttpRequest

from dev.emulators.mailbox import Settings, create_app
from dev.emulators.mailbox.limits import NAMED_QUOTAS, Quota, RateLimit
from tests.emulators.mailbox.support import Serve, client_for, mail


async def post(http: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> int:
    async with http.post(f"/_emulator/{path}", json=body) as response:
        return response.status


async def send(client: EmailClient, operation_id: str | None = None) -> str:
    poller = await client.begin_send(mail(), operation_id=operation_id)
    return str((await poller.result())["status"])


def retry_after(error: HttpResponseError) -> int:
    answer: Any = error.response
    return int(answer.headers["Retry-After"])


async def inbox(http: aiohttp.ClientSession, to: str = "") -> list[dict[str, Any]]:
    async with http.get("/messages", params={"to": to}) as response:
        found: list[dict[str, Any]] = await response.json()
        return found


async def test_past_the_quota_a_send_is_told_when_to_come_back(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    await post(http, "quota", {"per_minute": 2, "per_hour": 100})
    await send(client)
    await send(client)
    with pytest.raises(HttpResponseError) as caught:
        await send(client)
    assert caught.value.status_code == 429
    assert retry_after(caught.value) == 30
    assert len(await inbox(http)) == 2


async def test_the_limits_of_azures_domains_are_known_by_name(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    assert await post(http, "quota", {"name": "managed"}) == 200
    for _ in range(5):
        await client.begin_send(mail())
    with pytest.raises(HttpResponseError):
        await client.begin_send(mail())
    assert await post(http, "quota", {"name": "unlimited"}) == 200
    assert await send(client) == "Succeeded"
    assert await post(http, "quota", {"name": "generous"}) == 400


async def test_status_reads_have_a_quota_of_their_own(
    client: EmailClient, http: aiohttp.ClientSession, server: TestServer
) -> None:
    await post(http, "quota", {"per_minute": 1})
    operation_id = str(uuid.uuid4())
    await send(client, operation_id=operation_id)  # which reads it once
    path = f"/emails/operations/{operation_id}?api-version=2025-09-01"
    url = str(server.make_url(path))
    answers = [await client.send_request(HttpRequest("GET", url)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]


@pytest.mark.parametrize(
    ("quota", "came_at", "now", "taken"),
    [
        (Quota(), [0] * 1000, 1, True),
        (Quota(2, None), [0, 30], 59, False),
        (Quota(2, None), [0, 30], 60, True),
        (Quota(2, None), [0, 30, 50], 60, False),  # the third was rejected, and counts
        (Quota(None, 2), [0, 30], 3599, False),
        (Quota(None, 2), [0, 30], 3600, True),
        (NAMED_QUOTAS["managed"], [0, 1, 2, 3, 4, 100, 101, 102, 103, 104], 200, False),
        (Quota(0, None), [], 0, False),
    ],
)
def test_windows_slide(quota: Quota, came_at: Sequence[int], now: int, taken: bool) -> None:
    limit = RateLimit(quota)
    for moment in came_at:
        limit.take(moment)
    assert limit.take(now) is taken


async def test_a_dropped_mail_fails_with_http_200(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    await post(http, "faults", {"drop": "Ada@example.com"})
    operation_id = str(uuid.uuid4())
    with pytest.raises(HttpResponseError) as caught:
        await send(client, operation_id=operation_id)
    assert caught.value.status_code == 200
    assert caught.value.error is not None
    assert caught.value.error.code == "EmailDropped"
    assert await inbox(http) == []


async def test_told_faults_fail_that_many_sends(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    await post(http, "faults", {"status": 503, "times": 2, "retry_after": 7})
    for _ in range(2):
        with pytest.raises(HttpResponseError) as caught:
            await send(client)
        assert caught.value.status_code == 503
        assert retry_after(caught.value) == 7
    assert await send(client) == "Succeeded"


async def test_a_throttled_send_is_asked_to_wait_half_a_minute_unless_told_otherwise(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    await post(http, "faults", {"status": 429})
    with pytest.raises(HttpResponseError) as caught:
        await send(client)
    assert retry_after(caught.value) == 30


async def test_the_vendors_client_retries_a_throttled_send(
    server: TestServer, http: aiohttp.ClientSession
) -> None:
    await post(http, "faults", {"status": 429, "retry_after": 0})
    async with client_for(server, retry_total=1) as client:
        assert await send(client) == "Succeeded"
    async with http.get("/_emulator/requests") as response:
        recorded = await response.json()
    assert [(r["method"], r["status"]) for r in recorded][:2] == [("POST", 429), ("POST", 202)]


async def test_a_lost_answer_can_deliver_twice(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    await post(http, "faults", {"status": 504, "accept": True})
    with pytest.raises(HttpResponseError):
        await send(client)
    await send(client)
    assert len(await inbox(http)) == 2


async def test_wrong_control_requests_are_refused(http: aiohttp.ClientSession) -> None:
    assert await post(http, "faults", {"status": 200}) == 400
    assert await post(http, "faults", {}) == 400
    assert await post(http, "quota", {"per_minute": -1}) == 400
    assert await post(http, "repeats", {"answer": "maybe"}) == 400
    async with http.post("/_emulator/quota", data="{") as response:
        assert response.status == 400


async def test_mail_is_found_by_recipient_and_deleted(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    copied = {"to": [{"address": "bob@example.com"}], "cc": [{"address": "cy@example.com"}]}
    await client.begin_send(mail())
    await client.begin_send(mail(recipients=copied))
    assert [m["to"] for m in await inbox(http)] == [["ada@example.com"], ["bob@example.com"]]
    assert [m["to"] for m in await inbox(http, "CY@example.com")] == [["bob@example.com"]]
    async with http.delete("/messages") as response:
        assert response.status == 204
    assert await inbox(http) == []


async def test_a_restart_on_its_state_continues(serve: Serve, tmp_path: Path) -> None:
    operation_id = str(uuid.uuid4())
    first = await serve(tmp_path)
    async with client_for(first) as client:
        await send(client, operation_id=operation_id)
    await first.close()

    second = await serve(tmp_path)
    async with client_for(second) as client, aiohttp.ClientSession(second.make_url("/")) as http:
        (kept,) = await inbox(http)
        assert kept["operation_id"] == operation_id
        with pytest.raises(ResourceExistsError):
            await send(client, operation_id=operation_id)
        assert len(await inbox(http)) == 1
        await http.delete("/messages")
    await second.close()

    third = await serve(tmp_path)
    async with aiohttp.ClientSession(third.make_url("/")) as http:
        assert await inbox(http) == []
        await post(http, "reset", {})
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # the loop is idle, nothing else runs


async def test_a_write_cut_short_loses_that_write_alone(serve: Serve, tmp_path: Path) -> None:
    journal = tmp_path / "mailbox.jsonl"
    for expected in (1, 2):
        server = await serve(tmp_path)
        async with client_for(server) as client:
            await client.begin_send(mail())
        await server.close()
        with journal.open("a") as file:
            file.write('{"operation": {"id"')
        server = await serve(tmp_path)
        async with aiohttp.ClientSession(server.make_url("/")) as http:
            assert len(await inbox(http)) == expected
        await server.close()


async def test_a_reset_forgets_mail_quota_and_faults(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    await send(client)
    await post(http, "quota", {"per_minute": 0})
    await post(http, "faults", {"status": 500, "times": 100})
    await post(http, "faults", {"drop": "ada@example.com"})
    assert await post(http, "reset", {}) == 204
    assert await inbox(http) == []
    assert await send(client) == "Succeeded"


def test_an_access_key_that_is_not_base64_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="base64"):
        create_app(Settings("not base64!", "modelgate.example"))
