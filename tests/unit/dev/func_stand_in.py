#!/usr/bin/env python3
"""Stands in for `func` in tests: a script with the host as its child, as npm installs it.

Where Core Tools do what this does is written in `dev/core_tools.py`. The child writes down how it
was started, ends on SIGINT and not on SIGTERM, asks for no keys, is unwell at first, and logs more
than a pipe holds.
"""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

NOTES = Path(os.environ["FUNC_NOTES"])
CHILD = "--child"


class Host(BaseHTTPRequestHandler):
    looks = itertools.count(1)

    def do_GET(self) -> None:
        self.answer(200 if next(Host.looks) > 2 else 503, b"{}")

    def do_POST(self) -> None:
        events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with (NOTES / "webhook").open("a") as notes:
            notes.write(f"{self.path}\n")
        assert urlsplit(self.path).path == "/runtime/webhooks/eventgrid"
        code = events[0]["data"]["validationCode"]
        self.answer(200, json.dumps({"validationResponse": code}).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        sys.stdout.write("x" * 100_000)


def be_the_host(arguments: list[str]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    noted = {
        "arguments": arguments,
        "folder": str(Path.cwd()),
        "files": sorted(path.name for path in Path.cwd().iterdir()),
        "environment": dict(os.environ),
        "python": shutil.which("python3"),
        "local": json.loads(Path("local.settings.json").read_text()),
        "mode": Path("local.settings.json").stat().st_mode & 0o777,
        "app": Path("function_app.py").read_text()[:40],
    }
    (NOTES / "started").write_text(json.dumps(noted))
    (NOTES / "pid").write_text(str(os.getpid()))
    if "FUNC_FAILS" in os.environ:
        sys.exit("Value cannot be null. (Parameter 'provider')")
    port = int(arguments[arguments.index("--port") + 1])
    try:
        ThreadingHTTPServer(("127.0.0.1", port), Host).serve_forever()
    except KeyboardInterrupt:
        (NOTES / "ended").touch()


def main() -> int:
    if CHILD in sys.argv:
        be_the_host([each for each in sys.argv[1:] if each != CHILD])
        return 0
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(  # noqa: S603 (itself)
        [sys.executable, __file__, CHILD, *sys.argv[1:]],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
