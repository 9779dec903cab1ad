"""Run the Azure ML emulator alone: ``python -m dev.emulators.azureml --config FILE.json``."""

from __future__ import annotations

import argparse
from pathlib import Path

from aiohttp import web

from dev.emulators.azureml import create_app, load_settings


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m dev.emulators.azureml", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="settings as JSON")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    app = create_app(load_settings(arguments.config))
    web.run_app(app, host="127.0.0.1", port=arguments.port)


if __name__ == "__main__":
    main()
