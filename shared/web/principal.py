"""Who has signed in, as App Service Authentication tells, and whether that is the approver.

The platform puts `X-MS-CLIENT-PRINCIPAL…` into requests and drops what a client sends under these
names, but only where App Service Authentication is switched on: without it anybody could write
them. So nothing here is looked at unless the app's settings say that it is
(https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities).
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from shared.domain.limits import PERSON_CHARACTERS
from shared.domain.pipeline import Json
from shared.domain.untrusted import parse_json
from shared.web.text import tidy

PRINCIPAL, NAME, PROVIDER = (
    "x-ms-client-principal",
    "x-ms-client-principal-name",
    "x-ms-client-principal-idp",
)
"""Headers, by lower-case name."""

ENTRA = "aad"
"""How App Service names Microsoft Entra ID."""

_SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"

TAKEN = frozenset({"preferred_username", "upn", f"{_SOAP}/upn"})
"""Claims that say who somebody is: the user principal name, which a tenant gives once and only in
domains that it has proved to be its own. Never `email`, which anybody may set to any address in a
tenant of theirs (https://learn.microsoft.com/entra/identity-platform/claims-validation)."""


class Access(StrEnum):
    """What stands between a visitor and an answer."""

    CODE = "code"
    """The code of the mail."""
    SIGNED_IN = "signed-in"
    """Nothing: the platform vouches for the approver."""
    SIGN_IN_FIRST = "sign-in-first"
    """The policy wants them signed in, and nobody is."""
    SOMEBODY_ELSE = "somebody-else"
    """The policy wants them signed in, and another person is."""
    NOT_SET_UP = "not-set-up"
    """The policy wants them signed in, and the app does not have App Service Authentication."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sends a request."""

    access: Access
    name: str = ""
    """Who has signed in, where it is somebody else."""

    @property
    def may_answer(self) -> bool:
        """Whether the page has a form for them."""
        return self.access in (Access.CODE, Access.SIGNED_IN)


def visitor_of(
    headers: Mapping[str, str], *, person: str, has_sign_in: bool, must_sign_in: bool
) -> Visitor:
    """Whoever sends a request, as far as it matters for an approver's page.

    Args:
        headers: By lower-case name.
        person: The approver whose page it is.
        has_sign_in: Whether the headers come from the platform.
        must_sign_in: Whether the policy takes no answer from people who have not signed in.
    """
    addresses = addresses_of(headers) if has_sign_in else frozenset[str]()
    if person.casefold() in addresses:
        return Visitor(Access.SIGNED_IN)
    if not must_sign_in:
        return Visitor(Access.CODE)
    if not has_sign_in:
        return Visitor(Access.NOT_SET_UP)
    if PRINCIPAL in headers:
        return Visitor(Access.SOMEBODY_ELSE, tidy(headers.get(NAME, ""))[:PERSON_CHARACTERS])
    return Visitor(Access.SIGN_IN_FIRST)


def addresses_of(headers: Mapping[str, str]) -> frozenset[str]:
    """The addresses that the signed-in person goes by, lower case; empty where nobody is.

    The name header is not believed: the platform fills it from whatever claim `name_typ` names,
    which may be one that people set themselves.
    """
    principal = _principal(headers.get(PRINCIPAL, ""))
    if principal.get("auth_typ") != ENTRA or headers.get(PROVIDER, ENTRA) != ENTRA:
        return frozenset()
    claims = _claims(principal)
    return frozenset(value for name, value in claims if name in TAKEN and value)


def sign_in_path(page: str) -> str:
    """Where to sign in, and come back to a page of this site."""
    return f"/.auth/login/{ENTRA}?post_login_redirect_uri={quote(page, safe='')}"


def sign_out_path(page: str) -> str:
    """Where to sign out, and come back to a page of this site."""
    return f"/.auth/logout?post_logout_redirect_uri={quote(page, safe='')}"


def _principal(header: str) -> dict[str, Json]:
    """What the header holds; empty where it is none that App Service writes."""
    try:
        value = parse_json(base64.b64decode(header, validate=True))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _claims(principal: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    claims = principal.get("claims")
    for claim in claims if isinstance(claims, list) else ():
        name, value = (claim.get("typ"), claim.get("val")) if isinstance(claim, dict) else ("", "")
        if isinstance(name, str) and isinstance(value, str):
            yield name, value.strip().casefold()
