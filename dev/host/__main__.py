"""Command line of the local Functions host."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading
from pathlib import Path

# gRPC reads this when it is imported; it would report at stop that its connections end.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from dev.host import logs
from dev.host.host import StartError, run


def main() -> int:
    """Run an app until it is interrupted; exit status 1 if it does not start."""
    options = _parse_arguments()
    # Standard output carries the line that says "ready"; what the app prints goes to its log.
    out, sys.stdout = sys.stdout, sys.stderr
    logs.configure(debug=os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING") == "1")
    status = 0
    try:
        asyncio.run(run(options, out))
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        status = 1
    _insist_on_ending(status)
    return status


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.host", description=__doc__)
    add = parser.add_argument
    add("--app", type=_folder, required=True, help="folder of function_app.py")
    add("--port", type=int, default=7071, help="0 takes a free one (default: %(default)s)")
    add("--json", action="store_true", help="print one line of JSON when ready")
    add("--state-dir", type=Path, help="where keys are kept between runs")
    add("--sign-in", action="store_true", help="play App Service Authentication")
    add("--parent", type=int, metavar="PID", help="end when this process does")
    return parser.parse_args()


def _folder(text: str) -> Path:
    path = Path(text).resolve()
    if not (path / "function_app.py").is_file():
        raise argparse.ArgumentTypeError(f"no function_app.py in {text}")
    return path


def _insist_on_ending(status: int, seconds: float = 2.0) -> None:
    """End the process soon even if a function's thread does not; Python would wait for it."""
    timer = threading.Timer(seconds, os._exit, (status,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main())
