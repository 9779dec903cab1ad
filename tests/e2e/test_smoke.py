"""The smoke test passes on a service as it should be, and on no other."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.e2e.stacks import Stack
from tests.e2e.starting import ROOT


def smoke(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603 (a fixed command)
        [sys.executable, "-m", "dev.tools.smoke_test", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def open_to_all() -> Iterator[str]:
    """An app that answers 200 to whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_service_passes(stack: Stack) -> None:
    status, told = smoke(stack.facts["functions"], "10")
    assert status == 0, told
    assert told.count("ok  ") == 5


def test_an_app_that_is_open_to_all_fails(open_to_all: str) -> None:
    status, told = smoke(open_to_all, "0")
    assert status == 1
    assert "ok   the app and what it depends on answer" in told
    assert told.count("FAIL") == 4


def test_an_app_that_is_not_there_fails_with_the_reason() -> None:
    status, told = smoke("http://127.0.0.1:9", "0")
    assert status == 1
    assert "FAIL the app and what it depends on answer (got 0: " in told
    assert "Traceback" not in told


@pytest.mark.parametrize("arguments", [[], ["func"], ["https://x", "soon"], ["ftp://x"]])
def test_it_says_how_it_is_used(arguments: list[str]) -> None:
    status, told = smoke(*arguments)
    assert status == 2
    assert "python3 -m dev.tools.smoke_test" in told
