"""azd is installed only from the archive whose hash is in the script."""

import hashlib
import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.structure.source import ROOT

SCRIPT = (ROOT / "dev" / "tools" / "bring-azd").read_text("utf-8")
CURL = """#!/bin/sh
# stands in for curl: whatever is asked for is the archive beside it
while [ "$1" != --output ]; do shift; done
cp "$(dirname "$0")/served.tar.gz" "$2"
"""
UNAME = """#!/bin/sh
case $1 in -s) echo Linux ;; -m) echo x86_64 ;; esac
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    azd = tmp_path / "azd-linux-amd64"
    azd.write_text("#!/bin/sh\necho served\n")
    with tarfile.open(tmp_path / "served.tar.gz", "w:gz") as archive:
        archive.add(azd, azd.name)
    for name, text in (("curl", CURL), ("uname", UNAME)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def bring(place: Path, script: str) -> subprocess.CompletedProcess[str]:
    (place / "bring-azd").write_text(script)
    return subprocess.run(  # noqa: S603 (a script of ours)
        ["/bin/sh", str(place / "bring-azd"), str(place / "bin")],
        env={"PATH": f"{place}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_another_archive_is_not_installed(place: Path) -> None:
    done = bring(place, SCRIPT)
    assert done.returncode == 1
    assert "is not the archive that is known here; nothing was installed" in done.stderr
    assert not (place / "bin").exists()


def test_the_one_that_is_known_is(place: Path) -> None:
    served = hashlib.sha256((place / "served.tar.gz").read_bytes()).hexdigest()
    done = bring(place, re.sub(r"hash=[0-9a-f]{64}", f"hash={served}", SCRIPT))
    assert done.returncode == 0, done.stderr
    azd = str(place / "bin" / "azd")
    said = subprocess.run([azd], capture_output=True, text=True, check=True)  # noqa: S603
    assert said.stdout == "served\n"
