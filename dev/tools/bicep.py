"""Runs Microsoft's Bicep compiler over `infra/`; as a command it writes the snapshots anew.

A snapshot is what a deployment of one shape would create, with all modules, names and loops
resolved and nothing asked of Azure.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
SHAPES = ROOT / "tests" / "infra" / "shapes"
SUBSCRIPTION = "00000000-0000-0000-0000-00000000000a"
TENANT = "00000000-0000-0000-0000-0000000000aa"


class NoCompilerError(Exception):
    """There is no Bicep compiler."""


def compiler() -> str:
    """Where the compiler is: on the path, else where `az bicep install` puts it.

    Raises:
        NoCompilerError: It is in neither place.
    """
    installed = Path.home() / ".azure" / "bin" / "bicep"
    found = shutil.which("bicep") or (str(installed) if installed.exists() else None)
    if found is None:
        raise NoCompilerError("There is no Bicep compiler: install bicep, or az bicep install.")
    return found


def diagnostics(file: Path) -> list[str]:
    """What the compiler and its linter complain of; most of it are warnings, which do not fail.

    Raises:
        NoCompilerError: There is no compiler.
    """
    return _complaints(_run("build", str(file), "--stdout").stderr)


def snapshot(shape: Path) -> str:
    """What a shape's snapshot is today: JSON, made in a copy of the two folders.

    `bicep snapshot --mode validate` does not look at outputs, so whoever wants to know whether a
    snapshot is of today compares.

    Raises:
        NoCompilerError: There is no compiler.
        ValueError: The shape cannot be evaluated, or the compiler complains; with its words.
    """
    where = ["--location", "westeurope"] if _creates_group(shape) else ["--resource-group", "rg-qa"]
    where += ["--subscription-id", SUBSCRIPTION, "--tenant-id", TENANT]
    options = [*where, "--deployment-name", "modelgate", "--mode", "overwrite"]
    with TemporaryDirectory() as folder:
        for part in (INFRA, shape.parent):
            shutil.copytree(part, Path(folder) / part.relative_to(ROOT))
        copy = Path(folder) / shape.relative_to(ROOT)
        done = _run("snapshot", str(copy), *options)
        if done.returncode or _complaints(done.stderr):
            raise ValueError(done.stdout + done.stderr)
        found = json.loads(copy.with_suffix(".snapshot.json").read_text("utf-8"))
    found["outputs"] = dict(sorted(found["outputs"].items()))  # it has another order every time
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _creates_group(shape: Path) -> bool:
    """Whether the shape's template is deployed to a subscription, not into a resource group."""
    (template,) = re.findall(r"^using '(.+)'", shape.read_text("utf-8"), re.MULTILINE)
    return "targetScope = 'subscription'" in (shape.parent / template).read_text("utf-8")


def _complaints(told: str) -> list[str]:
    return [line for line in told.splitlines() if re.search(r" : (Error|Warning|Info) ", line)]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (a fixed command)
        [compiler(), *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def main() -> None:
    """Write all snapshots."""
    try:
        for shape in sorted(SHAPES.glob("*.bicepparam")):
            shape.with_suffix(".snapshot.json").write_text(snapshot(shape), "utf-8")
    except (NoCompilerError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
