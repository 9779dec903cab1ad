"""Runs Event Grid: `python -m dev.emulators.eventgrid --port 10020 --topic releases=key`."""

import argparse
import sys
from pathlib import Path

from aiohttp import web

from dev.emulators.eventgrid import Settings, create_app


def main() -> None:
    """Serves on 127.0.0.1 until interrupted, having printed the topics' endpoints."""
    arguments = _parser().parse_args()
    topics = dict(arguments.topic or [])
    for name in topics:
        sys.stdout.write(f"http://127.0.0.1:{arguments.port}/topics/{name}/api/events\n")
    sys.stdout.flush()
    app = create_app(Settings(topics, arguments.state_dir))
    web.run_app(app, host="127.0.0.1", port=arguments.port, print=None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.emulators.eventgrid", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--topic", action="append", type=_topic, metavar="NAME=KEY")
    parser.add_argument("--state-dir", type=Path)
    return parser


def _topic(text: str) -> tuple[str, str]:
    name, separator, key = text.partition("=")
    if not (name and separator and key):
        raise argparse.ArgumentTypeError("a topic is given as NAME=KEY")
    return name, key


if __name__ == "__main__":
    main()
