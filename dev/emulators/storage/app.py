"""The proxy of one service, and the control prefix."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from dev.emulators.storage.faults import Answer, Fault, Faults, Service

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers of one connection alone (RFC 9110, section 7.6.1)."""

_SET_BY_THE_CLIENT = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
"""What aiohttp's client would add; requests go on as they came."""

_SESSION = web.AppKey("SESSION", aiohttp.ClientSession)


def create_app(service: Service, upstream: str, faults: Faults) -> web.Application:
    """Builds the proxy of one service; serve it on 127.0.0.1.

    Args:
        service: Which one; it decides the form of errors.
        upstream: Where Azurite has it, such as ``http://127.0.0.1:10000``.
        faults: Shared by the services of an account.
    """
    proxy = _Proxy(service, upstream, faults)
    app = web.Application(client_max_size=0)
    app.cleanup_ctx.append(_session)
    app.add_routes(
        [
            web.post("/_emulator/faults", proxy.add_fault),
            web.delete("/_emulator/faults", proxy.clear_faults),
            web.get("/_emulator/requests", proxy.list_requests),
            web.route("*", "/{tail:.*}", proxy.handle),
        ]
    )
    return app


async def _session(app: web.Application) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=connector, auto_decompress=False, timeout=timeout
    ) as session:
        app[_SESSION] = session
        yield


class _Proxy:
    def __init__(self, service: Service, upstream: str, faults: Faults) -> None:
        self._service = service
        self._upstream = upstream
        self._faults = faults

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Let a request through, or answer it as a fault says."""
        fault = self._faults.take(self._service, request.method, request.raw_path)
        if fault is None:
            return await self._forward(request)
        await asyncio.sleep(fault.delay_seconds)
        if fault.applied:
            await self._carry_out(request)
        return self._fail(request, fault)

    def _fail(self, request: web.Request, fault: Fault) -> web.Response:
        if fault.answer is not None:
            return _error(self._service, fault.answer)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _ask(self, request: web.Request) -> "aiohttp.client._RequestContextManager":
        return request.app[_SESSION].request(
            request.method,
            URL(self._upstream + request.raw_path, encoded=True),
            headers=_passed_on(request.headers),
            data=request.content if request.body_exists else None,
            skip_auto_headers=_SET_BY_THE_CLIENT,
            allow_redirects=False,
        )

    async def _carry_out(self, request: web.Request) -> None:
        async with self._ask(request) as answer:
            await answer.read()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        async with self._ask(request) as answer:
            response = web.StreamResponse(
                status=answer.status, reason=answer.reason, headers=_passed_on(answer.headers)
            )
            await response.prepare(request)
            if request.method != "HEAD":
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
            await response.write_eof()
            return response

    async def add_fault(self, request: web.Request) -> web.Response:
        """`POST /_emulator/faults`: `{"path": regex, "method", "service", "times": 1, "answer"}`.

        `answer` is a name of `faults.ANSWERS`; `"drop": true` breaks the connection instead.
        `delay_seconds` come before either, and with `applied` the request is carried out.
        """
        try:
            self._faults.add(await request.json())
        except (AttributeError, KeyError, TypeError, ValueError, re.error) as error:
            return web.Response(status=400, text=f"not a fault: {error!r}")
        return web.Response(status=204)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """`DELETE /_emulator/faults`: everything goes through again."""
        del request
        self._faults.clear()
        return web.Response(status=204)

    async def list_requests(self, request: web.Request) -> web.Response:
        """`GET /_emulator/requests`: what met a fault, oldest first; no queries, no signatures."""
        del request
        return web.json_response(self._faults.requests)


def _passed_on(headers: "aiohttp.typedefs.LooseHeaders") -> CIMultiDict[str]:
    named = CIMultiDict(headers)
    for name in _HOP_BY_HOP:
        named.popall(name, None)
    return named


def _error(service: Service, answer: Answer) -> web.Response:
    request_id, now = str(uuid.uuid4()), datetime.now(UTC).isoformat()
    words = f"{answer.message}\nRequestId:{request_id}\nTime:{now}"
    headers = {"x-ms-request-id": request_id, "x-ms-error-code": answer.code}
    if service is Service.TABLE:
        value = {"lang": "en-US", "value": words}
        body = json.dumps({"odata.error": {"code": answer.code, "message": value}})
        content_type = "application/json"
    else:
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<Error><Code>{answer.code}</Code><Message>{escape(words)}</Message></Error>"
        )
        content_type = "application/xml"
    return web.Response(status=answer.status, text=body, headers=headers, content_type=content_type)
