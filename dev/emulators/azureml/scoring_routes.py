"""Routes scoring requests as the front of a managed online endpoint does.

Statuses as in https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints
(401, 404, 408, 413, 424, 429); the error headers as the deployment's Envoy proxy writes them.
"""

import asyncio
import hmac
import io
import random
import re
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from dev.emulators.azureml.control import Fault
from dev.emulators.azureml.scoring_types import EndpointRoute

MAX_REQUEST_BYTES = 3 * 512 * 1024
"""1.5 MB, the largest request that a managed online endpoint takes."""

_DEFAULT_TIMEOUT_SECONDS = 5.0
_DEFAULT_REQUEST_LIMIT = 2
_DEPLOYMENT_HEADER = "azureml-model-deployment"
_CONNECTION_HEADERS = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length"}
)
_NOT_FORWARDED = _CONNECTION_HEADERS | {"host", "authorization", "expect"}
_NOT_RETURNED = _CONNECTION_HEADERS | {"server", "date"}


def add_scoring_routes(
    app: web.Application,
    *,
    endpoint_lookup: Callable[[str], EndpointRoute | None],
    rng: random.Random | None = None,
    fault_lookup: Callable[[str, str], Fault | None] = lambda _method, _path: None,
) -> None:
    """Adds `POST /endpoints/{region}/{endpoint}/score` and `GET .../swagger.json`.

    Args:
        app: the emulator; the routes keep their HTTP session as long as it runs.
        endpoint_lookup: gives the route of an endpoint's name as it is at this moment.
        rng: chooses deployments by weight; tests give a seeded one.
        fault_lookup: gives what is to go wrong with a call of this method and path, if anything.
    """
    generator = rng or random.Random()  # noqa: S311  # not for secrets
    front = _Front(endpoint_lookup, generator, fault_lookup)
    app.cleanup_ctx.append(front.lifetime)
    app.router.add_post("/endpoints/{region}/{endpoint}/score", front.handle)
    app.router.add_get("/endpoints/{region}/{endpoint}/swagger.json", front.handle)


@dataclass(frozen=True)
class _Call:
    """One request, as it goes to a deployment's server."""

    method: str
    path_qs: str
    headers: CIMultiDict[str]
    body: bytes


class _Front:
    def __init__(
        self,
        endpoint_lookup: Callable[[str], EndpointRoute | None],
        rng: random.Random,
        fault_lookup: Callable[[str, str], Fault | None],
    ) -> None:
        self._endpoint_lookup = endpoint_lookup
        self._rng = rng
        self._fault_lookup = fault_lookup
        self._pending: Counter[str] = Counter()
        self._mirrored: set[asyncio.Task[web.StreamResponse]] = set()

    async def lifetime(self, _app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            yield
            for task in self._mirrored:
                task.cancel()
            await asyncio.gather(*self._mirrored, return_exceptions=True)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        request_id = _request_id(request.headers)
        fault = self._fault_lookup(request.method, request.path)
        if fault is None:
            response = await self._answer(request, request_id)
        else:
            response = web.Response(status=fault.status, text="The model does not answer")
        if not response.prepared:
            response.headers.setdefault("x-request-id", request_id)
        return response

    async def _answer(self, request: web.Request, request_id: str) -> web.StreamResponse:
        route = self._endpoint_lookup(request.match_info["endpoint"])
        if route is None:
            return web.Response(status=404, text="Specified endpoint could not be found")
        refusal = _refusal(request.headers.get("Authorization"), route.auth_keys)
        if refusal is not None:
            return web.Response(status=401, text=refusal)
        asked_for = request.headers.get(_DEPLOYMENT_HEADER)
        if asked_for is not None and asked_for not in route.servers:
            return web.Response(status=404, text="Specified deployment could not be found")
        deployment = asked_for or self._by_weight(route)
        if deployment is None:
            return web.Response(
                status=404,
                text="No valid deployments to route to. Please check that the endpoint has at "
                "least one deployment with positive weight values or use a deployment specific "
                "header to route.",
            )
        body = await _read(request)
        if body is None:
            return web.Response(status=413, text="Request payload is too large")
        call = _Call(request.method, _path(request), _forwarded(request.headers, request_id), body)
        if asked_for is None:
            self._mirror(route, deployment, call)
        return await self._send(route, deployment, call, request)

    def _by_weight(self, route: EndpointRoute) -> str | None:
        weights = {n: w for n, w in route.traffic.items() if w > 0 and n in route.servers}
        if not weights:
            return None
        return self._rng.choices(list(weights), weights=list(weights.values()))[0]

    def _mirror(self, route: EndpointRoute, live: str, call: _Call) -> None:
        for deployment, percent in route.mirror_traffic.items():
            if deployment == live or deployment not in route.servers:
                continue
            if self._rng.random() * 100 < percent:
                task = asyncio.create_task(self._send(route, deployment, call))
                self._mirrored.add(task)
                task.add_done_callback(self._mirrored.discard)

    async def _send(
        self, route: EndpointRoute, deployment: str, call: _Call, asker: web.Request | None = None
    ) -> web.StreamResponse:
        """Sends one request to one deployment, if it does not have too many already.

        Args:
            route: The endpoint.
            deployment: Which of its deployments.
            call: What it is asked.
            asker: Who gets the answer; nobody, where the request is a mirrored one.
        """
        address = route.servers[deployment].address
        own = {_DEPLOYMENT_HEADER: deployment}
        if self._pending[address] >= route.request_limits.get(deployment, _DEFAULT_REQUEST_LIMIT):
            own["ms-azureml-model-error-reason"] = "too_many_pending_request"
            return web.Response(status=429, text="", headers=own)
        self._pending[address] += 1
        try:
            timeout = route.request_timeouts.get(deployment, _DEFAULT_TIMEOUT_SECONDS)
            return await self._exchange(address, call, timeout, own, asker)
        finally:
            self._pending[address] -= 1

    async def _exchange(
        self,
        address: str,
        call: _Call,
        timeout_seconds: float,
        own: Mapping[str, str],
        asker: web.Request | None,
    ) -> web.StreamResponse:
        """Asks a server; `own` are headers of the front's."""
        started = time.monotonic()
        response: web.StreamResponse | None = None
        try:
            async with self._session.request(
                call.method,
                address + call.path_qs,
                # A stream: aiohttp warns of plain bytes above a megabyte.
                data=io.BytesIO(call.body),
                headers=call.headers,
                timeout=aiohttp.ClientTimeout(total=timeout_seconds),
                allow_redirects=False,
            ) as answer:
                response = _head(answer, time.monotonic() - started, own)
                response.headers["x-request-id"] = call.headers["x-request-id"]
                await _pass_on(answer, response, asker)
        except TimeoutError:
            late = web.Response(status=408, text="upstream request timeout", headers=own)
            return _given_up(response, asker) or late
        except aiohttp.ClientError:
            # The container is not there: crashed, or about to be started again.
            reason = {"ms-azureml-model-error-reason": "model_not_ready", **own}
            absent = web.Response(status=424, text="", headers=reason)
            return _given_up(response, asker) or absent
        return response


def _head(
    answer: aiohttp.ClientResponse, seconds: float, own: Mapping[str, str]
) -> web.StreamResponse:
    """The status and the headers that a model's answer goes on with."""
    headers = CIMultiDict(
        (name, value) for name, value in answer.headers.items() if name.lower() not in _NOT_RETURNED
    )
    headers.update(own)
    headers["ms-azureml-model-time"] = str(round(seconds * 1000))
    if answer.status == 200:
        response = web.StreamResponse(status=200, headers=headers)
    else:
        headers["ms-azureml-model-error-reason"] = "model_error"
        headers["ms-azureml-model-error-statuscode"] = str(answer.status)
        response = web.StreamResponse(status=424, reason="Failed Dependency", headers=headers)
    response.content_length = answer.content_length
    return response


async def _pass_on(
    answer: aiohttp.ClientResponse, response: web.StreamResponse, asker: web.Request | None
) -> None:
    """Hands a body on as it comes, as a proxy does: however large it is, and however slow."""
    if asker is not None:
        await response.prepare(asker)
    async for chunk in answer.content.iter_any():
        if asker is not None:
            await response.write(chunk)
    if asker is not None:
        await response.write_eof()


def _given_up(
    response: web.StreamResponse | None, asker: web.Request | None
) -> web.StreamResponse | None:
    """What breaks off an answer that has begun: its connection; None where none has."""
    if response is None or not response.prepared:
        return None
    if asker is not None and asker.transport is not None:
        asker.transport.abort()
    return response


def _refusal(authorization: str | None, keys: tuple[str, ...]) -> str | None:
    """Azure's word for why a caller may not score, None when it may."""
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        return "key_auth_bad_header_forbidden"
    if not any(hmac.compare_digest(given.strip().encode(), key.encode()) for key in keys):
        return "key_auth_access_denied"
    return None


async def _read(request: web.Request) -> bytes | None:
    """The body, None when it is larger than Azure takes."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(65536):
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            return None
    return bytes(body)


def _path(request: web.Request) -> str:
    query = f"?{request.query_string}" if request.query_string else ""
    return "/" + request.path.rsplit("/", 1)[1] + query


def _request_id(headers: Mapping[str, str]) -> str:
    """The caller's x-request-id if it is a GUID, as Azure makes sure of, else a new one."""
    try:
        return str(uuid.UUID(headers.get("x-request-id", "")))
    except ValueError:
        return str(uuid.uuid4())


def _forwarded(headers: Mapping[str, str], request_id: str) -> CIMultiDict[str]:
    """The request's headers for the server.

    x-ms-client-request-id takes letters, digits, hyphens and underscores and is cut to 40
    characters: https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints
    """
    forwarded = CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in _NOT_FORWARDED
    )
    forwarded["x-request-id"] = request_id
    client_id = forwarded.pop("x-ms-client-request-id", "")
    if re.fullmatch(r"[\w-]+", client_id, re.ASCII):
        forwarded["x-ms-client-request-id"] = client_id[:40]
    return forwarded
