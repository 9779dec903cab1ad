"""Checks a request's HMAC-SHA256 signature as Communication Services does.

The string to sign has three lines: the verb, path and query, and the values
`x-ms-date;host;x-ms-content-sha256`; it is keyed with the decoded access key
(learn.microsoft.com/azure/communication-services/tutorials/hmac-header-tutorial).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from dev.emulators.mailbox.exceptions import denied

_PREFIX = "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature="
_MAX_CLOCK_SKEW = timedelta(minutes=15)
"""From the scheme's description for Azure App Configuration, which shares it."""

_REFUSED = "Denied by the resource provider."


def verify(
    *, access_key: str, method: str, path_and_query: str, headers: Mapping[str, str], body: bytes
) -> None:
    """Returns when the signature holds.

    Args:
        access_key: The resource's access key, in base64.
        method: HTTP verb in capitals.
        path_and_query: As it stood in the request line, still encoded.
        headers: The request's headers, looked up whatever their case.
        body: The raw body; empty for GET.

    Raises:
        ServiceError: 401 `Denied`.
    """
    content_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
    date = headers.get("x-ms-date", "")
    _check_date(date)
    if headers.get("x-ms-content-sha256") != content_hash:
        raise denied("Request 'x-ms-content-sha256' differs from generated content hash.")
    to_sign = f"{method}\n{path_and_query}\n{date};{headers.get('Host', '')};{content_hash}"
    expected = _PREFIX + _sign(access_key, to_sign)
    given = headers.get("Authorization", "")
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise denied(_REFUSED)


def check_access_key(access_key: str) -> None:
    """Raises ValueError when the key is not base64, so that a wrong setting shows at start."""
    try:
        base64.b64decode(access_key, validate=True)
    except binascii.Error as error:
        raise ValueError("the access key is not valid base64") from error


def _sign(access_key: str, to_sign: str) -> str:
    digest = hmac.new(base64.b64decode(access_key), to_sign.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _check_date(date: str) -> None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError as error:
        raise denied(_REFUSED) from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - aware) > _MAX_CLOCK_SKEW:
        raise denied(_REFUSED)
