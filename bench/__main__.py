"""`python -m bench [NAME …]`: run benchmarks one after the other and print one table."""

import argparse
import sys
from collections.abc import Callable

from bench import calls, hostile, imports, large, release, scale
from bench.report import BenchError, Row, machine, show

BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "imports": imports.run,
    "release": release.run,
    "large": large.run,
    "calls": calls.run,
    "scale": scale.run,
    "hostile": hostile.run,
}


def main() -> int:
    """Run what the command line names; 1 where a benchmark could not measure."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(
            f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
    print(machine())
    results: dict[str, list[Row]] = {}
    status = 0
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            results[name] = BENCHMARKS[name]()
        except BenchError as error:
            results[name] = [Row("not measured", str(error), met=False)]
            status = 1
    show(results)
    return status


if __name__ == "__main__":
    sys.exit(main())
