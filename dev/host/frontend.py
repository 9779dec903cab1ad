"""What the app sees of a request after App Service's front end had it in hand.

`X-Forwarded-For` and `Client-IP` look as in a request recorded on App Service
(https://github.com/sergiodxa/remix-utils/pull/496): the peer's address with its port, behind
whatever the client itself sent in the former. The latter is overwritten, so nobody can make it up
(https://github.com/Azure/app-service-linux-docs, Things_You_Should_Know/headers.md).
`X-Forwarded-Proto` tells how the client came, since TLS ends before the app
(https://learn.microsoft.com/azure/app-service/configure-language-python#detect-https-session).
`Host` stays as it is.
"""

from __future__ import annotations

from aiohttp import web

from dev.host.signin import SignIn

_PLATFORMS_OWN = ("x-ms-client-principal", "x-ms-token-")
"""Begin the headers that external requests cannot set, with App Service Authentication or without
(https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities)."""


class FrontEnd:
    """Stands before the app."""

    def __init__(self, sign_in: SignIn | None = None) -> None:
        """Take App Service Authentication; None where it is switched off."""
        self.sign_in = sign_in

    def headers(self, request: web.Request) -> dict[str, str]:
        """The headers that reach the app, by lower-case name; those of one name are joined."""
        sent = {
            name.lower(): ",".join(request.headers.getall(name))
            for name in request.headers
            if not name.lower().startswith(_PLATFORMS_OWN)
        }
        vouched = self.sign_in.headers(request) if self.sign_in else {}
        return sent | _forwarded(request, sent.get("x-forwarded-for", "")) | vouched


def _forwarded(request: web.Request, sent: str) -> dict[str, str]:
    peer = _peer(request)
    return {
        "x-forwarded-for": f"{sent}, {peer}" if sent else peer,
        "x-forwarded-proto": request.scheme,
        "client-ip": peer,
    }


def _peer(request: web.Request) -> str:
    assert request.transport is not None, "a request that is being answered has a connection"
    host, port, *_ = request.transport.get_extra_info("peername")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
