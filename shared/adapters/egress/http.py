"""One HTTP exchange with whoever answers, friend or not.

The address goes out to the letter: requests and urllib3 write a query anew (`%2f` becomes `%2F`),
and the address of an operation is signed. No redirect is followed. The exchange as a whole has a
deadline, and the answer a size that is counted after decompression; the libraries bound each wait
for the network by itself, so that a byte now and then would hold them for ever.
"""

import time
import zlib
from collections.abc import Buffer, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    RemoteDisconnected,
)
from io import BufferedReader, RawIOBase
from itertools import islice
from socket import socket
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from azure.core.exceptions import (
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

PIECE = 64 * 1024

HEADERS = 64
HEADER_CHARACTERS = 1000
"""Of an answer that are handed on, and of the value of each."""

ENCODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""Content codings that are taken although none is asked for, with zlib's word for each."""


class UnreadableAnswerError(ServiceResponseError):
    """An answer that is no HTTP, or is not compressed as it says."""


class TooLargeAnswerError(ServiceResponseError):
    """An answer of more bytes than were to be taken."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and body; of an error's body as much as could be read."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)
    """By their names in lower case: the first `HEADERS`, each cut."""


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    seconds: float,
    limit: int,
) -> HttpAnswer:
    """Send one request and read its answer, whatever the status.

    Args:
        method: Of HTTP.
        url: HTTPS, or on loopback; the caller has looked.
        headers: Sent as they are, and `Accept-Encoding: identity`.
        body: Sent as it is.
        seconds: For all of it.
        limit: Bytes of the body, after decompression.

    Raises:
        ServiceRequestError: The request did not get through.
        ServiceResponseTimeoutError: The answer was not whole in time.
        UnreadableAnswerError: The answer is none.
        TooLargeAnswerError: The answer is a success, and larger than `limit`.
        ServiceResponseError: The connection broke off before an answer came.
    """
    request = Request(  # noqa: S310 (see `url`)
        url, data=body, headers={**headers, "Accept-Encoding": "identity"}, method=method
    )
    try:
        response = _opener().open(request, timeout=seconds)
    except TimeoutError as error:
        raise ServiceResponseTimeoutError("no answer in time") from error
    except (RemoteDisconnected, ConnectionError) as error:
        raise ServiceResponseError(type(error).__name__) from error
    except OSError as error:
        raise ServiceRequestError(type(error).__name__) from error
    except (HTTPException, ValueError) as error:
        raise UnreadableAnswerError(type(error).__name__) from error
    with response:
        return _read(response, limit)


def _read(response: Any, limit: int) -> HttpAnswer:  # noqa: ANN401 (urllib leaves it open)
    status, taken = int(response.status), bytearray()
    try:
        _take(response, limit, taken)
    except TimeoutError as error:
        failure: ServiceResponseError = ServiceResponseTimeoutError("no whole answer in time")
        failure.__cause__ = error
    except (OSError, HTTPException, ValueError, zlib.error) as error:
        failure = UnreadableAnswerError(type(error).__name__)
        failure.__cause__ = error
    except TooLargeAnswerError as error:
        failure = error
    else:
        return HttpAnswer(status, bytes(taken), _headers(response))
    if status >= 400:  # a 502 with a broken body is still a 502
        return HttpAnswer(status, bytes(taken), _headers(response))
    raise failure


def _headers(response: Any) -> dict[str, str]:  # noqa: ANN401 (see above)
    first = islice(response.headers.items(), HEADERS)
    return {name.lower(): value[:HEADER_CHARACTERS] for name, value in first}


def _take(response: Any, limit: int, taken: bytearray) -> None:  # noqa: ANN401 (see above)
    """Add the body to `taken`, decompressed.

    Raises:
        TooLargeAnswerError: It has more than `limit` bytes, of which `taken` has those.
        OSError: The connection broke off, or time is up.
        HTTPException: It is not framed as HTTP says.
        ValueError: Its coding is unknown, or it ends too early.
        zlib.error: It is not compressed as it says.
    """
    coding = str(response.headers.get("Content-Encoding") or "identity").strip().lower()
    inflate = None if coding == "identity" else zlib.decompressobj(_window(coding))
    while piece := response.read(PIECE):
        while piece:
            left = limit - len(taken)
            if inflate is None:
                taken += piece[:left]
                piece = piece[left:]
            else:
                taken += inflate.decompress(piece, left + 1)
                piece = inflate.unconsumed_tail
            if piece or len(taken) > limit:
                del taken[limit:]
                raise TooLargeAnswerError(f"more than {limit} bytes")
    if response.length or (inflate is not None and not inflate.eof):
        raise ValueError("the answer ends too early")


def _window(coding: str) -> int:
    if coding not in ENCODINGS:
        raise ValueError("unknown content coding")
    return ENCODINGS[coding]


class _UntilDeadline(RawIOBase):
    """What a socket receives, for as long as the exchange may take."""

    def __init__(self, received: Any, sock: socket, until: float) -> None:  # noqa: ANN401 (SocketIO)
        self._received = received
        self._sock = sock
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        read: int | None = self._received.readinto(buffer)
        return read

    def close(self) -> None:
        self._received.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, until: float, **kwargs: Any) -> None:  # noqa: ANN401 (http.client's)
        super().__init__(sock, *args, **kwargs)
        self.fp = BufferedReader(_UntilDeadline(self.fp.detach(), sock, until))


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (http.client's)
        super().__init__(*args, **kwargs)
        until = time.monotonic() + (self.timeout or 0)
        self.response_class = partial(_Response, until=until)  # type: ignore[assignment] # is called only


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Handler(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Connection, req)


class _SecureHandler(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_SecureConnection, req)


@cache
def _opener() -> OpenerDirector:
    """Without the handlers that follow redirects, sign in or make errors of answers."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), _Handler(), _SecureHandler()):
        opener.add_handler(handler)
    return opener
