"""What importing the app costs, against importing Durable Functions alone.

Both in fresh processes, in turn, so that other load on the machine meets both.
"""

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.report import BenchError, Row, at_most

ROOT = Path(__file__).parents[1]
PAIRS = 15
LIMIT = 1.3
APP, ALONE = "function_app", "azure.durable_functions"
PROGRAM = """
import sys, time
wall, cpu = time.perf_counter(), time.process_time()
import {module}
print(time.perf_counter() - wall, time.process_time() - cpu, "azure.ai.ml" in sys.modules)
"""


@dataclass(frozen=True, slots=True)
class Import:
    """One import in a fresh process."""

    wall_seconds: float
    cpu_seconds: float
    with_ml_sdk: bool


def run() -> list[Row]:
    """Ratios of wall-clock and processor time, and whether the ML SDK was kept out."""
    settings = _settings()
    for module in (APP, ALONE):
        _import(module, settings)  # writes byte code, fills the disk cache
    pairs = [(_import(APP, settings), _import(ALONE, settings)) for _ in range(PAIRS)]
    app, alone = ([pair[side] for pair in pairs] for side in (0, 1))
    wall, base = (median(one.wall_seconds for one in side) for side in (app, alone))
    pairwise = median(one.wall_seconds / other.wall_seconds for one, other in pairs)
    cpu, cpu_base = (median(one.cpu_seconds for one in side) for side in (app, alone))
    loaded = any(one.with_ml_sdk for one in app)
    return [
        Row(f"import {APP}, median of {PAIRS}", f"{wall * 1000:.0f} ms"),
        Row(f"import {ALONE}, median of {PAIRS}", f"{base * 1000:.0f} ms"),
        at_most("ratio of the medians", wall / base, LIMIT),
        at_most("median of the pairs' ratios", pairwise, LIMIT),
        Row("ratio of the medians of processor time", f"{cpu / cpu_base:.2f}"),
        Row("azure.ai.ml imported", "yes" if loaded else "no", "no", not loaded),
    ]


def _import(module: str, settings: dict[str, str]) -> Import:
    answer = subprocess.run(  # noqa: S603 (our own interpreter and program)
        [sys.executable, "-c", PROGRAM.format(module=module)],
        cwd=ROOT,
        env=_environment() | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise BenchError(f"import {module}: {answer.stderr.strip().splitlines()[-1]}")
    wall, cpu, with_ml_sdk = answer.stdout.split()
    return Import(float(wall), float(cpu), with_ml_sdk == "True")


def _environment() -> dict[str, str]:
    """This process's own, with byte code, as a deployed app has it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _settings() -> dict[str, str]:
    """The sample's settings, with a key that is one."""
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))
    return {**sample["Values"], "MODELGATE_LINK_KEYS": secrets.token_hex(32)}
