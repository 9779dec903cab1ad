"""What a deployment takes along: the files that `.funcignore` lets through, also as a zip.

`python -m dev.package ZIP` writes them for a deployment with remote build, which installs
requirements.txt (`az functionapp deployment source config-zip --build-remote`). azd reads
`.funcignore` itself.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pathspec import GitIgnoreSpec

ROOT = Path(__file__).parents[1]

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: the same files give the same zip whenever it is made."""

_PLAIN_FILE = 0o100644 << 16
_UNIX = 3


def read_patterns(root: Path = ROOT) -> list[str]:
    """The patterns in a folder's `.funcignore`."""
    lines = (root / ".funcignore").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def packaged_files(root: Path = ROOT) -> list[PurePosixPath]:
    """The files of a function app that are deployed, relative to its folder, in order."""
    ignored = GitIgnoreSpec.from_lines(read_patterns(root))
    return sorted(PurePosixPath(path) for path in _walk(root, ignored))


def write_zip(target: Path, root: Path = ROOT) -> int:
    """Write the files that are deployed into a zip; how many they are."""
    files = packaged_files(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w") as package:
        for path in files:
            entry = ZipInfo(str(path), _LONG_AGO)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = _PLAIN_FILE
            entry.create_system = _UNIX
            package.writestr(entry, (root / path).read_bytes())
    return len(files)


def _walk(root: Path, ignored: GitIgnoreSpec) -> Iterator[str]:
    for folder, folders, files in root.walk():
        below = folder.relative_to(root)
        folders[:] = [n for n in folders if not ignored.match_file(f"{(below / n).as_posix()}/")]
        paths = ((below / name).as_posix() for name in files)
        yield from (path for path in paths if not ignored.match_file(path))


def main() -> int:
    """Write the zip and say what is in it."""
    parser = argparse.ArgumentParser(prog="python -m dev.package", description=__doc__)
    parser.add_argument("zip", type=Path)
    target: Path = parser.parse_args().zip
    count = write_zip(target)
    sys.stdout.write(f"{target}: {count} files, {target.stat().st_size // 1024} KB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
