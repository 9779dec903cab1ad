"""Runs the token service: `python -m dev.emulators.identity --port 10030`."""

import argparse
import secrets
import sys

from aiohttp import web

from dev.emulators.identity import Settings, create_app
from dev.emulators.identity.app import PATH


def main() -> None:
    """Serves on 127.0.0.1 until interrupted, having printed the two settings of an app."""
    arguments = _parser().parse_args()
    header = arguments.header or secrets.token_hex(16)
    sys.stdout.write(f"IDENTITY_ENDPOINT=http://127.0.0.1:{arguments.port}{PATH}\n")
    sys.stdout.write(f"IDENTITY_HEADER={header}\n")
    sys.stdout.flush()
    app = create_app(Settings(header, tuple(arguments.client_id or ())))
    web.run_app(app, host="127.0.0.1", port=arguments.port, print=None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.emulators.identity", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--header", help="the secret that callers send; a new one if not given")
    parser.add_argument("--client-id", action="append", help="of a user-assigned identity")
    return parser


if __name__ == "__main__":
    main()
