"""What tests and tools use: mail as JSON, and the control prefix `/_emulator/`."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from dev.emulators.mailbox.exceptions import bad_request
from dev.emulators.mailbox.limits import NAMED_QUOTAS, Quota
from dev.emulators.mailbox.models import Fault, OnRepeat, Operation, Recipient
from dev.emulators.mailbox.responses import MAILBOX


async def list_messages(request: web.Request) -> web.StreamResponse:
    """`GET /messages?to=`: delivered mail, newest last."""
    found = request.app[MAILBOX].messages(request.query.get("to"))
    return web.json_response([_as_json(operation) for operation in found])


async def delete_messages(request: web.Request) -> web.StreamResponse:
    """`DELETE /messages` empties the inbox."""
    request.app[MAILBOX].delete_messages()
    return web.Response(status=204)


async def reset(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/reset` forgets everything."""
    request.app[MAILBOX].reset()
    return web.Response(status=204)


async def set_quota(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/quota`: `{"per_minute", "per_hour"}`, null being unlimited, or `{"name"}`.

    Names are `unlimited`, `managed` (an Azure-managed domain) and `own` (a custom one).
    """
    wanted = await _body(request)
    if "name" in wanted and wanted["name"] not in NAMED_QUOTAS:
        raise bad_request(f"name must be one of {', '.join(NAMED_QUOTAS)}.")
    quota = (
        NAMED_QUOTAS[wanted["name"]]
        if "name" in wanted
        else Quota(_count(wanted, "per_minute"), _count(wanted, "per_hour"))
    )
    request.app[MAILBOX].set_quota(quota)
    return web.json_response({"per_minute": quota.per_minute, "per_hour": quota.per_hour})


async def add_fault(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/faults`.

    `{"status", "times": 1, "retry_after", "accept": false}` fails the next sends; with `accept` the
    mail arrives and only the answer fails. `{"drop": address}` ends every later send to that
    address as `EmailDropped`.
    """
    wanted = await _body(request)
    mailbox = request.app[MAILBOX]
    if "drop" in wanted:
        mailbox.dropped_addresses.add(str(wanted["drop"]).lower())
        return web.Response(status=204)
    status = _count(wanted, "status")
    if status is None or not 400 <= status <= 599:
        raise bad_request("status must be an HTTP error status, or give drop.")
    mailbox.faults.append(
        Fault(
            status=status,
            times=_count(wanted, "times") or 1,
            retry_after_seconds=_count(wanted, "retry_after"),
            accept=bool(wanted.get("accept", False)),
        )
    )
    return web.Response(status=204)


async def set_on_repeat(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/repeats` `{"answer": "first"|"conflict"|"refused"|"duplicate"}`."""
    answer = (await _body(request)).get("answer")
    try:
        request.app[MAILBOX].on_repeat = OnRepeat(str(answer))
    except ValueError as error:
        raise bad_request(f"answer must be one of {', '.join(OnRepeat)}.") from error
    return web.Response(status=204)


async def list_requests(request: web.Request) -> web.StreamResponse:
    """`GET /_emulator/requests`: what came to the REST interface, oldest first."""
    return web.json_response(list(request.app[MAILBOX].requests))


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise bad_request("The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise bad_request("The body is not a JSON object.")
    return body


def _count(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise bad_request(f"{name} must be a whole number, 0 or more.")
    return value


def _as_json(operation: Operation) -> dict[str, Any]:
    draft = operation.draft
    return {
        "id": operation.message_id,
        "operation_id": operation.id,
        "from": draft.sender,
        "to": _plain(draft.to),
        "cc": _plain(draft.cc),
        "bcc": _plain(draft.bcc),
        "reply_to": _plain(draft.reply_to),
        "subject": draft.subject,
        "text": draft.text,
        "html": draft.html,
        "headers": draft.headers,
        "attachments": [
            {"name": a.name, "content_type": a.content_type, "bytes": len(a.content())}
            for a in draft.attachments
        ],
        "received_at": operation.received_at().isoformat(),
    }


def _plain(recipients: Sequence[Recipient]) -> list[str]:
    return [recipient.address for recipient in recipients]
