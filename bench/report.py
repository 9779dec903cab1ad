"""Rows of the table that all benchmarks print, and the machine that they ran on."""

import os
import platform
from dataclasses import dataclass

import psutil
from rich.console import Console
from rich.table import Table

MIB = 1024**2
WIDTH = 110


class BenchError(Exception):
    """Nothing was measured; the message is for people."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None
    """Whether the target was met; None where there is none."""


def at_most(what: str, value: float, limit: float, form: str = "{:.2f}") -> Row:
    """A measurement with an upper limit, both written in the same form."""
    return Row(what, form.format(value), "at most " + form.format(limit), value <= limit)


def machine() -> str:
    """What the figures depend on."""
    memory = psutil.virtual_memory().total / 1024**3
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}; load average before: {load:.1f}"
    )


def show(results: dict[str, list[Row]]) -> None:
    """Print one table with all rows."""
    table = Table("benchmark", "what", "measured", "target", "")
    for name, rows in results.items():
        for number, row in enumerate(rows):
            verdict = "" if row.met is None else "met" if row.met else "MISSED"
            table.add_row("" if number else name, row.what, row.measured, row.target, verdict)
        table.add_section()
    Console(width=WIDTH).print(table)
