"""HTTP in front of the app: its functions' routes, the extensions' webhooks, the control prefix."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http.cookies import Morsel, SimpleCookie

from aiohttp import web

from dev.host.frontend import FrontEnd
from dev.host.functions import HTTP, Function, Functions
from dev.host.keys import Keys, key_in
from dev.host.protos import Message, RpcHttp, TypedData
from dev.host.routes import Route
from dev.host.worker import InvocationError, Result, Worker

_LOGGER = logging.getLogger(__name__)

_MAX_BODY_BYTES = 104_857_600
"""The host's `maxRequestBodySize`, 100 MB."""

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class _Endpoint:
    route: Route
    methods: frozenset[str]
    """Empty: all."""
    auth_level: str
    function: Function

    def match(self, request: web.Request) -> dict[str, str] | None:
        # A method that is not listed fails the route, so the answer is 404 and not 405.
        if self.methods and request.method not in self.methods:
            return None
        return self.route.match(request.rel_url.raw_path)


def make_application(
    worker: Worker,
    functions: Functions,
    keys: Keys,
    route_prefix: str,
    webhooks: Mapping[str, Handler],
    control: Handler,
    front_end: FrontEnd,
) -> web.Application:
    """Build the server.

    Args:
        worker: Runs the functions.
        functions: Those of the app; the ones with an HTTP trigger get a route.
        keys: What opens them.
        route_prefix: Of `host.json`; may be empty.
        webhooks: Handlers below `/runtime/webhooks/<extension>`, behind the extension's system key.
        control: Handles `/_emulator/...`.
        front_end: What Azure has before the app.

    Raises:
        RouteError: A function's route cannot be read.
    """
    endpoints = _endpoints(functions, route_prefix)
    functions_handler = _function_handler(worker, endpoints, keys, front_end)
    sign_in = front_end.sign_in

    async def dispatch(request: web.Request) -> web.StreamResponse:
        match request.path.strip("/").split("/"):
            case ["_emulator", *_]:
                return await control(request)
            case [".auth", *_] if sign_in is not None:
                return await sign_in.handle(request)
            case _ if sign_in is not None and sign_in.is_forged(request):
                return web.Response(status=403)
            case ["runtime", "webhooks", extension, *_] if extension in webhooks:
                if not keys.opens_webhook(extension, key_in(request.headers, request.query)):
                    return web.Response(status=401)
                return await webhooks[extension](request)
            case ["admin" | "runtime", *_]:
                return web.Response(status=404)
        return await functions_handler(request)

    application = web.Application(client_max_size=_MAX_BODY_BYTES)
    application.router.add_route("*", "/{path:(?s:.*)}", dispatch)
    return application


def _endpoints(functions: Functions, prefix: str) -> list[_Endpoint]:
    endpoints = []
    for function in functions.with_trigger(HTTP):
        settings = function.trigger.settings
        endpoints.append(
            _Endpoint(
                Route.parse(f"{prefix}/{settings.get('route') or function.name}"),
                frozenset(str(method).upper() for method in settings.get("methods") or ()),
                str(settings.get("authLevel", "function")),
                function,
            )
        )
    return sorted(endpoints, key=lambda endpoint: endpoint.route.sort_key())


def _function_handler(
    worker: Worker, endpoints: list[_Endpoint], keys: Keys, front_end: FrontEnd
) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        for endpoint in endpoints:
            parameters = endpoint.match(request)
            if parameters is None:
                continue
            if not keys.opens_function(endpoint.auth_level, key_in(request.headers, request.query)):
                return web.Response(status=401)
            headers = front_end.headers(request)
            trigger = TypedData(http=await _to_rpc(request, headers, parameters))
            trace_parent = request.headers.get("traceparent")
            try:
                result = await worker.invoke(endpoint.function, trigger, trace_parent)
            except InvocationError:
                return web.Response(status=500)
            return _to_response(endpoint.function, result)
        return web.Response(status=404)

    return handle


async def _to_rpc(
    request: web.Request, headers: dict[str, str], parameters: dict[str, str]
) -> RpcHttp:
    return RpcHttp(
        method=request.method,
        url=str(request.url),
        headers=headers,
        query=_query(request),
        params=parameters,
        body=TypedData(bytes=await _body(request)),
    )


def _query(request: web.Request) -> dict[str, str]:
    """Query parameters; the host drops empty ones and joins those of one name."""
    joined = {name: ",".join(request.query.getall(name)) for name in request.query}
    return {name: value for name, value in joined.items() if value}


async def _body(request: web.Request) -> bytes:
    # The host reads ContentLength, so a chunked body does not reach the worker.
    if request.content_length is None:
        if request.can_read_body:
            _LOGGER.warning("%s: a body without Content-Length is dropped", request.path)
        return b""
    return await request.read()


def _to_response(function: Function, result: Result) -> web.Response:
    output = next((b.name for b in function.bindings if b.type == "http"), "$return")
    data = result.return_value if output == "$return" else result.outputs.get(output)
    if data is None:
        return web.Response(status=204)
    http = getattr(data, "http", None)
    if http is None:
        return web.Response(text=data.string)
    body = http.body.bytes
    response = web.Response(status=int(http.status_code), body=body, headers=http.headers)
    for cookie in http.cookies or ():
        response.headers.add("Set-Cookie", _set_cookie(cookie))
    return response


def _set_cookie(cookie: Message) -> str:
    jar: SimpleCookie = SimpleCookie()
    jar[cookie.name] = cookie.value
    morsel: Morsel[str] = jar[cookie.name]
    for attribute, message in {
        "domain": cookie.domain,
        "path": cookie.path,
        "secure": cookie.secure,
        "httponly": cookie.http_only,
        "max-age": cookie.max_age,
    }.items():
        if message is not None and message.value not in (False, ""):
            morsel[attribute] = int(message.value) if attribute == "max-age" else message.value
    if cookie.expires is not None:
        morsel["expires"] = format_datetime(
            datetime.fromtimestamp(cookie.expires.value.seconds, UTC), usegmt=True
        )
    if cookie.same_site:
        morsel["samesite"] = {1: "Lax", 2: "Strict", 3: "None"}[cookie.same_site]
    return morsel.OutputString()
