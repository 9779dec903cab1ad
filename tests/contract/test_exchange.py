"""One HTTP exchange with servers that mean no good, on a socket of this machine."""

import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import create_server, socket
from threading import Event, Thread

import pytest
from azure.core.exceptions import (
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from shared.adapters.egress.http import (
    HEADER_CHARACTERS,
    HEADERS,
    HttpAnswer,
    TooLargeAnswerError,
    UnreadableAnswerError,
    exchange,
)

LIMIT = 100_000
OK = b"HTTP/1.1 200 OK\r\n"
BAD = b"HTTP/1.1 502 Bad Gateway\r\n"

type Behaviour = Callable[[socket, Event], None]


@contextmanager
def server(behaviour: Behaviour) -> Iterator[tuple[str, list[bytes]]]:
    """Takes connections one after another; gives its address and what it was sent."""
    received: list[bytes] = []
    over = Event()

    def serve() -> None:
        while not over.is_set():
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.settimeout(5)
                    received.append(_request(connection))
                    behaviour(connection, over)

    with create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", received
        finally:
            over.set()
            thread.join()


def _request(connection: socket) -> bytes:
    """All of a request: what is left unread would have the answer reset when it is closed."""
    taken = b""
    while True:
        head, end, body = taken.partition(b"\r\n\r\n")
        length = len(b"{}") if head.startswith(b"POST") else 0
        if end and len(body) >= length:
            return taken
        piece = connection.recv(65536)
        if not piece:
            return taken
        taken += piece


def saying(*parts: bytes, pause: float = 0.0) -> Behaviour:
    def behave(connection: socket, over: Event) -> None:
        for part in parts:
            connection.sendall(part)
            over.wait(pause)

    return behave


def repeating(first: bytes, part: bytes, pause: float = 0.0) -> Behaviour:
    def behave(connection: socket, over: Event) -> None:
        connection.sendall(first)
        while not over.is_set():
            connection.sendall(part)
            if pause:
                over.wait(pause)

    return behave


def asked(behaviour: Behaviour, *, seconds: float = 5.0, limit: int = LIMIT) -> HttpAnswer:
    with server(behaviour) as (url, _):
        return exchange("POST", url, headers={}, body=b"{}", seconds=seconds, limit=limit)


def body(content: bytes, *headers: bytes) -> bytes:
    lines = [*headers, b"Content-Length: %d" % len(content)]
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n" + content


def bomb(window: int) -> bytes:
    """100 MB of zeros, made a piece at a time."""
    packing, zeros = zlib.compressobj(1, wbits=window), bytes(1_000_000)
    return b"".join(packing.compress(zeros) for _ in range(100)) + packing.flush()


@pytest.mark.parametrize(
    "framed",
    [
        body(b'{"a": 1}'),
        b'Transfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n',
        b"Connection: close\r\n\r\n" + b'{"a": 1}',
        body(gzip.compress(b'{"a": 1}', mtime=0), b"Content-Encoding: gzip"),
        body(zlib.compress(b'{"a": 1}'), b"Content-Encoding: deflate"),
        body(b'{"a": 1}', b"Content-Encoding: identity"),
    ],
)
def test_an_answer_is_read(framed: bytes) -> None:
    assert asked(saying(OK + framed)) == HttpAnswer(200, b'{"a": 1}')


def test_what_is_sent_is_to_the_letter() -> None:
    with server(saying(OK + body(b""))) as (url, received):
        target = "/a%2fb%7E?c=%2f&s=~"
        exchange("GET", url + target, headers={"Authorization": "x"}, seconds=5, limit=1)
    head, _, rest = received[0].partition(b"\r\n\r\n")
    assert head.startswith(f"GET {target} HTTP/1.1\r\n".encode())
    assert b"Authorization: x" in head
    assert b"Accept-Encoding: identity" in head
    assert rest == b""


@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 407, 500])
def test_nothing_is_followed_or_asked_twice(status: int) -> None:
    more = b"Location: http://127.0.0.1:1/\r\nWWW-Authenticate: Basic realm=x\r\n"
    with server(saying(b"HTTP/1.1 %d X\r\n" % status + more + body(b"no"))) as (url, received):
        answer = exchange("GET", url, headers={}, seconds=5, limit=LIMIT)
    assert answer == HttpAnswer(status, b"no")
    assert len(received) == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        saying(OK + body(b"x" * (LIMIT + 1))),
        repeating(OK + b"\r\n", b"x" * 65536),
        repeating(OK + b"Content-Length: 400000000\r\n\r\n", b"x" * 65536),
        repeating(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + b"x" * 65535 + b"\r\n"),
        saying(OK + body(bomb(zlib.MAX_WBITS | 16), b"Content-Encoding: gzip")),
        saying(OK + body(bomb(zlib.MAX_WBITS), b"Content-Encoding: deflate")),
    ],
    ids=["one more", "endless", "400 MB", "chunks", "gzip", "deflate"],
)
def test_too_much_is_not_taken(behaviour: Behaviour) -> None:
    with server(behaviour) as (url, _):
        tracemalloc.start()
        try:
            with pytest.raises(TooLargeAnswerError):
                exchange("GET", url, headers={}, seconds=20, limit=LIMIT)
            assert tracemalloc.get_traced_memory()[1] < 3_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    "behaviour",
    [
        repeating(OK + b"\r\n", b"x", pause=0.05),
        repeating(b"", b"H", pause=0.05),
        repeating(b"HTTP/1.1 200 OK\r\nX: ", b"x", pause=0.05),
        repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.05),
        repeating(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", pause=0.05),
        repeating(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n", pause=0.05),
        lambda _, over: (over.wait(3), None)[1],
    ],
    ids=["body", "status", "header", "1xx", "chunks", "trailers", "silence"],
)
def test_a_byte_now_and_then_holds_nobody(behaviour: Behaviour) -> None:
    with server(behaviour) as (url, _):
        started = time.monotonic()
        with pytest.raises(ServiceResponseTimeoutError):
            exchange("GET", url, headers={}, seconds=0.5, limit=LIMIT)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "said",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        OK + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n",
        OK + body(b"not gzip", b"Content-Encoding: gzip"),
        OK + body(gzip.compress(b"x" * 1000, mtime=0)[:-9], b"Content-Encoding: gzip"),
        OK + body(b"x", b"Content-Encoding: br"),
        OK + b"Content-Length: 10\r\n\r\nx",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_answer_is_told_from_one(said: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        asked(saying(said))


@pytest.mark.parametrize(
    "framed",
    [
        body(b"not gzip", b"Content-Encoding: gzip"),
        body(b"x", b"Content-Encoding: br"),
        b"Content-Length: 10\r\n\r\nx",
        body(b"x" * (LIMIT + 1)),
    ],
)
def test_an_error_stays_one_whatever_its_body(framed: bytes) -> None:
    answer = asked(saying(BAD + framed))
    assert answer.status == 502
    assert len(answer.body) <= LIMIT


def test_an_error_that_drips_stays_one() -> None:
    assert asked(repeating(BAD + b"\r\n", b"x", pause=0.05), seconds=0.5).status == 502


def test_nobody_is_there() -> None:
    with create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ServiceRequestError):
        exchange("GET", url, headers={}, seconds=5, limit=1)


def test_a_connection_that_breaks_off_before_an_answer() -> None:
    with pytest.raises(ServiceResponseError) as caught:
        asked(saying(b""))
    assert not isinstance(caught.value, UnreadableAnswerError)


def test_a_limit_is_taken_to_the_byte() -> None:
    text = json.dumps("x" * (LIMIT - 2)).encode()
    assert asked(saying(OK + body(text))).body == text
    zipped = body(gzip.compress(text, mtime=0), b"Content-Encoding: gzip")
    assert asked(saying(OK + zipped)).body == text


def test_headers_are_handed_on_within_bounds() -> None:
    many = "".join(f"X-{number}: {'y' * 2000}\r\n" for number in range(80))
    told = f"HTTP/1.1 424 Failed\r\nMS-AzureML-Model-Error-Reason: boom\r\n{many}"
    whole = f"{told}Content-Length: 2\r\n\r\nno".encode()
    answer = asked(saying(whole, pause=0.5))
    assert answer.headers["ms-azureml-model-error-reason"] == "boom"
    assert len(answer.headers) == HEADERS
    assert max(map(len, answer.headers.values())) == HEADER_CHARACTERS
