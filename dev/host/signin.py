"""App Service Authentication with "allow unauthenticated access", and Entra ID behind it.

Paths and redirects are those of
https://learn.microsoft.com/azure/app-service/configure-authentication-customize-sign-in-out,
headers and claims those of
https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities, filled as in
a principal recorded on App Service with a version 2 token
(https://github.com/MaximRouiller/MaximeRouiller.Azure.AppService.EasyAuth/issues/4). Nobody checks
who somebody is: the page asks whom to sign in, and believes it.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

COOKIE = "AppServiceAuthSession"

_LIFETIME_SECONDS = 8 * 3600
"""Of a session, as App Service has it when nothing else is set."""

_TENANT = "00000000-0000-0000-0000-00000000aaaa"
_SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_PATH = re.compile(r"/(?![/\\])[!-~]*")
"""A path of this site: no second slash, with which the name of another would begin."""

_BROWSER = re.compile(r"Mozilla/|Opera/")
"""What browsers begin their `User-Agent` with. App Service's own list is not published."""

_CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
)


@dataclass(frozen=True)
class Principal:
    """Somebody who has signed in."""

    address: str
    since: int
    """Unix time in seconds."""

    @property
    def object_id(self) -> str:
        """The same for the same person every time, as in a directory."""
        return str(uuid5(NAMESPACE_URL, f"mailto:{self.address.lower()}"))

    @property
    def expired(self) -> bool:
        """Whether it is time to sign in again."""
        return time.time() >= self.since + _LIFETIME_SECONDS

    def claims(self) -> list[dict[str, str]]:
        """What the token says, under the names that App Service gives it."""
        said = {
            "iss": f"https://login.microsoftonline.com/{_TENANT}/v2.0",
            "iat": str(self.since),
            "exp": str(self.since + _LIFETIME_SECONDS),
            f"{_SOAP}/emailaddress": self.address,
            "name": self.address.partition("@")[0],
            "http://schemas.microsoft.com/identity/claims/objectidentifier": self.object_id,
            "preferred_username": self.address,
            f"{_SOAP}/nameidentifier": self.object_id,
            "http://schemas.microsoft.com/identity/claims/tenantid": _TENANT,
            "ver": "2.0",
        }
        return [{"typ": name, "val": value} for name, value in said.items()]

    def headers(self) -> dict[str, str]:
        """How App Service tells the app, by lower-case name."""
        principal = {
            "auth_typ": "aad",
            "claims": self.claims(),
            "name_typ": f"{_SOAP}/emailaddress",
            "role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
        }
        return {
            "x-ms-client-principal": base64.b64encode(json.dumps(principal).encode()).decode(),
            "x-ms-client-principal-id": self.object_id,
            "x-ms-client-principal-name": self.address,
            "x-ms-client-principal-idp": "aad",
        }


class SignIn:
    """Handles `/.auth/...` and knows who is behind a request. Its sessions end with the process."""

    def __init__(self) -> None:
        """Nobody has signed in yet."""
        self._sessions: dict[str, Principal] = {}

    def headers(self, request: web.Request) -> dict[str, str]:
        """What a request gets for its session; nothing without one."""
        principal = self._principal(request)
        return principal.headers() if principal else {}

    def is_forged(self, request: web.Request) -> bool:
        """Whether App Service refuses a request as another site's: a POST by a session's cookie.

        A browser says by `Origin` or `Referer` which site sends a form; what says neither, or
        another site, is refused. Programs that name themselves otherwise are let through
        (https://learn.microsoft.com/azure/app-service/overview-authentication-authorization,
        "Cross-site request forgery mitigation"). Which of the two counts where they differ is
        documented nowhere: here each that is there has to be this site's.
        """
        if request.method != "POST" or self._principal(request) is None:
            return False
        if not _BROWSER.match(request.headers.get("User-Agent", "")):
            return False
        told = [request.headers[name] for name in ("Origin", "Referer") if name in request.headers]
        return not told or any(urlsplit(site).netloc != request.host for site in told)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        match (request.method, *request.path.strip("/").split("/")[1:]):
            case ("GET", "login", "aad"):
                return _ask(request.query.get("post_login_redirect_uri", "/.auth/login/done"))
            case ("POST", "login", "aad", "callback"):
                return await self._begin(request)
            case ("GET", "me"):
                return self._me(request)
            case ("GET", "logout"):
                return self._end(request)
            case ("GET", "login", "done"):
                return _page("You have signed in")
            case ("GET", "logout", "done"):
                return _page("You have signed out")
        return web.Response(status=404)

    def _principal(self, request: web.Request) -> Principal | None:
        principal = self._sessions.get(request.cookies.get(COOKIE, ""))
        return None if principal is None or principal.expired else principal

    async def _begin(self, request: web.Request) -> web.Response:
        form = await request.post()
        address = str(form.get("address", "")).strip()
        target = str(form.get("post_login_redirect_uri", ""))
        if not _ADDRESS.fullmatch(address):
            return _ask(target, "Give a mail address.")
        answer = _go(target)
        if answer.status == 302:
            session = secrets.token_urlsafe(32)
            self._sessions[session] = Principal(address, int(time.time()))
            # Not Secure as in Azure: this host speaks HTTP. What SameSite says there is documented
            # nowhere; Lax is what browsers make of nothing, and links from mails come with it.
            answer.set_cookie(COOKIE, session, path="/", httponly=True, samesite="Lax")
        return answer

    def _me(self, request: web.Request) -> web.Response:
        """The caller, without the tokens that App Service's token store would add.

        Its shape: http://www.danderson00.com/2016/09/.
        """
        principal = self._principal(request)
        if principal is None:
            return web.Response(status=401)
        entry = {
            "provider_name": "aad",
            "user_id": principal.address,
            "user_claims": principal.claims(),
        }
        return web.json_response([entry])

    def _end(self, request: web.Request) -> web.Response:
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        answer = _go(request.query.get("post_logout_redirect_uri", "/.auth/logout/done"))
        answer.del_cookie(COOKIE, path="/")
        return answer


def _ask(target: str, problem: str = "") -> web.Response:
    if not _PATH.fullmatch(target):
        return _refusal()
    status = 400 if problem else 200
    return _page("Sign in", status=status, target=target, problem=problem)


def _go(target: str) -> web.Response:
    if not _PATH.fullmatch(target):
        return _refusal()
    return web.Response(status=302, headers={"Location": target})


def _refusal() -> web.Response:
    """App Service goes to no other site either, unless its configuration lists it."""
    return _page("The address to go to afterwards is not a path of this app", status=400)


def _page(title: str, *, status: int = 200, target: str = "", problem: str = "") -> web.Response:
    html = _TEMPLATES.get_template("sign_in.html").render(
        title=title, target=target, problem=problem
    )
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _CONTENT_POLICY}
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)
