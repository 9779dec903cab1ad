"""One GET of an address to the letter.

requests and urllib3 write a query anew (`%2f` becomes `%2F`, `%7E` becomes `~`), and the address
of an operation is signed.
"""

from functools import cache
from http.client import HTTPException, HTTPMessage
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

TIMEOUT_SECONDS = 30.0


class _StayHere(HTTPRedirectHandler):
    """A redirect is an answer like any other: the token goes nowhere else."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing."""


@cache
def _opener() -> OpenerDirector:
    """Made when first used: it loads the certificates that this machine trusts."""
    return build_opener(_StayHere)


def read(url: str, credential: "TokenCredential", scope: str) -> tuple[int, str]:
    """GET `url`, once.

    Args:
        url: HTTPS, or on loopback; the caller has looked.
        credential: Whose token goes with it.
        scope: What the token is for.

    Returns:
        Status and text, whatever the status.

    Raises:
        AzureError: There is no token, or no answer.
    """
    from azure.core.exceptions import ServiceRequestError

    token = credential.get_token(scope).token
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    request = Request(url, headers=headers)  # noqa: S310 (see `url`)
    try:
        with _opener().open(request, timeout=TIMEOUT_SECONDS) as response:
            return int(response.status), response.read().decode(errors="replace")
    except HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        raise ServiceRequestError(type(error).__name__) from error
