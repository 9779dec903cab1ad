"""The local stack as a process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.stacks import Stack

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """This process's, without the cloud that azure-ai-ml has noted in it for an earlier stack."""
    return {name: value for name, value in os.environ.items() if name != "AZUREML_CURRENT_CLOUD"}


def command(state_dir: Path, pipelines: Path, *more: str) -> list[str]:
    """How the stack is started."""
    line = [sys.executable, "-m", "dev.stack", "--json", "--state-dir", str(state_dir)]
    return [*line, "--pipelines", str(pipelines), *more]


@contextmanager
def running(
    state_dir: Path,
    pipelines: Path,
    *more: str,
    provision_seconds: float = 1.0,
    scoring: str = "inline",
) -> Iterator[Stack]:
    """A stack that is stopped at the end, if it still runs then; `more` are options for it."""
    options = ("--provision-seconds", str(provision_seconds), "--scoring", scoring, *more)
    line = command(state_dir, pipelines, *options)
    errors = state_dir / "stack-errors.log"
    with (
        errors.open("a") as stderr,
        subprocess.Popen(  # noqa: S603 (a fixed command)
            line, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            facts = process.stdout.readline()
            assert facts, f"the stack did not start: {errors.read_text()}"
            yield Stack(json.loads(facts), process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
