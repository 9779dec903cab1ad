"""Runs the mailbox: `python -m dev.emulators.mailbox --port 10010`."""

import argparse
import base64
import secrets
import sys
from pathlib import Path

from aiohttp import web

from dev.emulators.mailbox import Settings, create_app


def main() -> None:
    """Serves on 127.0.0.1 until interrupted, having printed the connection string."""
    arguments = _parser().parse_args()
    settings = Settings(
        access_key=arguments.access_key or base64.b64encode(secrets.token_bytes(32)).decode(),
        sender_domain=arguments.sender_domain,
        senders=tuple(arguments.sender or Settings.senders),
        state_dir=arguments.state_dir,
        retry_after_seconds=arguments.retry_after_seconds,
    )
    app = create_app(settings)
    sys.stdout.write(
        f"endpoint=http://127.0.0.1:{arguments.port}/;accesskey={settings.access_key}\n"
    )
    sys.stdout.flush()
    web.run_app(app, host="127.0.0.1", port=arguments.port, print=None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.emulators.mailbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--access-key", help="base64; a new one when not given")
    parser.add_argument("--sender-domain", default="modelgate.example")
    parser.add_argument("--sender", action="append", help="user name; DoNotReply if not given")
    parser.add_argument("--state-dir", type=Path)
    parser.add_argument("--retry-after-seconds", type=int, default=1)
    return parser


if __name__ == "__main__":
    main()
