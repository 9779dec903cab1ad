"""Scoring answers that no proxy would pass on: what comes straight from a cluster's own router."""

import gzip
import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Thread

import psutil
import pytest

from shared.domain.errors import FailureKind, StepError
from shared.ports import ScoringAnswer
from tests.adversary.listening import CHALLENGE, Listener
from tests.adversary.raw_host import Peak, RawHost
from tests.adversary.refusals import is_a_line
from tests.contract.azureml.stand_in import STAGE, endpoints_at

TIMEOUT_SECONDS = 2.0
LATEST_SECONDS = 3 * TIMEOUT_SECONDS
MEBIBYTE = 1024**2
MOST_GROWTH = 64 * MEBIBYTE
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")

MODELS_FAULT = frozenset({"endless body", "endless bomb", "bomb in a bomb", "drip of the body"})
"""What a model's own code can do behind any proxy, and no network does."""

type Bytes = Callable[[], Iterator[bytes]]


def again(begin: bytes, unit: bytes, pause_seconds: float = 0.0, fast: int = 4000) -> Bytes:
    """Bytes without an end; `fast` units without a pause, so that this machine stands it, too."""

    def go_on() -> Iterator[bytes]:
        yield begin
        for number in itertools.count():
            yield unit
            time.sleep(pause_seconds if number < fast else 0.1)

    return go_on


def once(*parts: bytes) -> Bytes:
    """These bytes and no more."""
    return lambda: iter(parts)


def chunk(content: bytes) -> bytes:
    """A part of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(content), content)


BOMB = gzip.compress(bytes(16 * MEBIBYTE))

ANSWERS: dict[str, Bytes] = {
    "endless body": again(CHUNKED, chunk(b" " * 65536)),
    "endless bomb": again(GZIPPED, chunk(BOMB), fast=30),
    "bomb in a bomb": again(
        CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip, gzip\r\n\r\n"),
        chunk(gzip.compress(BOMB)),
        fast=30,
    ),
    "deflate": again(
        CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: deflate\r\n\r\n"), chunk(b"\xff" * 99)
    ),
    "drip of the body": again(CHUNKED, chunk(b" "), 0.1),
    "drip of a header": again(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", 0.1),
    "drip of a chunk's size": again(CHUNKED, b"0", 0.1),
    "1xx without end": again(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers without end": again(OK, b"X-More: " + b"x" * 8000 + b"\r\n"),
    "one header without end": again(OK + b"X-More: ", b"x" * 65536),
    "a status line without end": again(b"HTTP/1.1 200 ", b"x" * 65536),
    "a length that is a lie": once(OK + b"Content-Length: 1000000000000\r\n\r\n", b"{}"),
    "a gzip that is none": once(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
    "an encoding that is none": once(
        OK + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\n\xff\xfe"
    ),
    "no HTTP": once(b"\x00" * 4096),
    "nothing": once(b""),
    "a chunk that is none": once(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
}


def ask(host: RawHost) -> ScoringAnswer:
    """What the endpoint answers, within a time in which any answer is to be over.

    In another thread: where it is not, the test fails then and there.
    """
    answers: Future[ScoringAnswer] = Future()

    def score() -> None:
        try:
            endpoints = endpoints_at(host.address)
            answers.set_result(
                endpoints.score(
                    stage=STAGE, deployment="blue", body={}, timeout_seconds=TIMEOUT_SECONDS
                )
            )
        except Exception as error:  # noqa: BLE001 (handed to the test's thread)
            answers.set_exception(error)

    Thread(target=score, daemon=True).start()
    return answers.result(LATEST_SECONDS)


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_ends_in_time_and_takes_no_memory(kind: str) -> None:
    process = psutil.Process()
    with (
        RawHost(ANSWERS[kind]) as host,
        Peak(process) as peak,
        pytest.raises(StepError) as caught,
    ):
        ask(host)
    assert peak.growth < MOST_GROWTH
    assert is_a_line(caught.value.failure.message)
    if kind in MODELS_FAULT:
        assert caught.value.failure.kind is FailureKind.MODEL


def test_early_hints_are_no_good_answer_and_end() -> None:
    hints = again(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 0.01)
    with RawHost(hints) as host:
        assert ask(host).status == 103


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with Listener() as elsewhere:
        moved = b"HTTP/1.1 %d Moved\r\nLocation: http://%s/score\r\nContent-Length: 0\r\n\r\n"
        answer = moved % (status, elsewhere.address.encode())
        with RawHost(once(answer)) as host:
            seen = ask(host)
        assert seen.status == status
        assert elsewhere.seen == []


def test_no_challenge_is_answered() -> None:
    with RawHost(once(CHALLENGE)) as host:
        with pytest.raises(StepError) as caught:
            ask(host)
        assert caught.value.failure.code == "ScoringKeyRefused"
        assert set(host.authorizations) == {"Bearer endpoint-key"}
