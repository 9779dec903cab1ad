"""`python -m shared.pipelines check [FOLDER]` and `python -m shared.pipelines schema`."""

import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from shared.pipelines import InvalidPipelinesError, load_pipelines
from shared.pipelines.schema import pipeline_schema

DEFAULT_FOLDER = Path("pipelines")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 1 where a pipeline is invalid."""
    parser = ArgumentParser(prog="python -m shared.pipelines", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say what is wrong with the pipelines of a folder")
    check.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    check.add_argument(
        "--settings",
        type=Path,
        help="a local.settings.json whose values ${NAME} takes besides the environment's",
    )
    commands.add_parser("schema", help="print the JSON Schema for editors")
    options = parser.parse_args(arguments)
    if options.command == "schema":
        print(json.dumps(pipeline_schema(), indent=2))
        return 0
    return _check(options.folder, options.settings)


def _check(folder: Path, settings_file: Path | None) -> int:
    settings = dict(os.environ)
    if settings_file is not None:
        try:
            settings |= json.loads(settings_file.read_text(encoding="utf-8")).get("Values", {})
        except (OSError, ValueError, RecursionError, AttributeError, TypeError) as error:
            print(f"{settings_file}: cannot be read as settings: {error}", file=sys.stderr)
            return 1
    try:
        pipelines = load_pipelines(folder, settings)
    except InvalidPipelinesError as error:
        print(error, file=sys.stderr)
        return 1
    for pipeline in pipelines.values():
        stages = " → ".join(stage.name for stage in pipeline.stages)
        print(f"{pipeline.name}: {pipeline.model} from {pipeline.source.name}: {stages}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
