"""What a deployment would take along: the files that .funcignore leaves, and the packages."""

import os
import re
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest
from pathspec import GitIgnoreSpec

from dev.package import packaged_files, read_patterns, write_zip
from tests.structure.locked import (
    deployed_packages,
    locked_hashes,
    locked_versions,
    name_of,
    read_toml,
    requirements,
)
from tests.structure.source import ROOT

ALLOWED = GitIgnoreSpec.from_lines(
    ["/function_app.py", "/host.json", "/requirements.txt", "/shared/**", "/pipelines/**"]
)
PATTERNS = read_patterns()
IGNORED = GitIgnoreSpec.from_lines(PATTERNS)
REQUIREMENTS = requirements()


def is_ignored(path: str) -> bool:
    return IGNORED.match_file(path)


def test_the_package_holds_what_is_allowed_and_nothing_else() -> None:
    files = [str(path) for path in packaged_files()]
    assert [path for path in files if not ALLOWED.match_file(path)] == []
    modules = {str(path.relative_to(ROOT)) for path in Path(ROOT, "shared").rglob("*.py")}
    assert modules <= set(files)
    assert "requirements.txt" in files


@pytest.mark.parametrize(
    "path",
    [
        "function_app.py",
        "host.json",
        "requirements.txt",
        "pipelines/diabetes.yaml",
        "pipelines/diabetes/README.md",
        "pipelines/tests/dev/score.py",
        "shared/dev/tests.py",
        "shared/web/templates/email/approval/body.html",
    ],
)
def test_what_the_app_needs_is_deployed(path: str) -> None:
    assert not is_ignored(path)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".stack/azurite/db.json",
        ".venv/bin/python",
        "README.md",
        "bench/__main__.py",
        "dev/stack.py",
        "docs/settings.md",
        "infra/main.bicep",
        "local.settings.json",
        "local.settings.sample.json",
        "pyproject.toml",
        "shared/web/__pycache__/views.cpython-313.pyc",
        "tests/conftest.py",
        "uv.lock",
    ],
)
def test_what_it_does_not_need_stays_here(path: str) -> None:
    assert is_ignored(path)


def test_the_zip_is_the_package_and_the_same_every_time(tmp_path: Path) -> None:
    app = tmp_path / "app"
    for name in ("shared/a.py", "function_app.py", "dev/b.py", "shared/__pycache__/a.pyc", ".env"):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(name)
    shutil.copy(ROOT / ".funcignore", app)
    assert write_zip(tmp_path / "one.zip", app) == 2
    os.utime(app / "function_app.py", (0, 0))
    (app / "function_app.py").chmod(0o755)
    write_zip(tmp_path / "two.zip", app)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with ZipFile(tmp_path / "one.zip") as package:
        held = {name: package.read(name).decode() for name in package.namelist()}
    assert held == {name: name for name in ("function_app.py", "shared/a.py")}


def test_every_pattern_means_the_same_to_all_tools() -> None:
    odd = [p for p in PATTERNS if not p.startswith(("/", "**/")) or set(p) & set("[]?!\\")]
    assert odd == []


def test_requirements_are_exact_pins() -> None:
    pin = re.compile(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[^\s;*,]+( ; .+)?")
    assert REQUIREMENTS
    assert [line for line in REQUIREMENTS if not pin.fullmatch(line)] == []


def test_requirements_take_only_the_files_that_are_locked() -> None:
    """One hash in the file has pip ask for all, so one package without any breaks the build."""
    locked = locked_hashes()
    for line, hashes in REQUIREMENTS.items():
        assert hashes, f"{line}: no hash; run make requirements"
        assert hashes == locked[name_of(line)], f"{line}: run make requirements"


def test_no_option_lets_other_packages_in() -> None:
    """Pip takes options from the file, too: another index, or files from somewhere."""
    text = (ROOT / "requirements.txt").read_text("utf-8")
    options = re.findall(r"(?:^|(?<=\s))-{1,2}[a-z][\w-]*", text, re.MULTILINE)
    assert set(options) == {"--hash"}
    assert "://" not in text


def test_requirements_are_what_the_lock_says_of_the_app_alone() -> None:
    lock = read_toml("uv.lock")
    versions = locked_versions()
    expected = {name: versions[name] for name in deployed_packages(lock, "modelgate")}
    pinned = {name_of(line): line.split("==")[1].split(" ;")[0] for line in REQUIREMENTS}
    assert pinned == expected, "run: make requirements"


def test_requirements_hold_the_app_and_no_tool() -> None:
    names = {name_of(line) for line in REQUIREMENTS}
    assert {"azure-functions", "azure-functions-durable", "azure-ai-ml", "pydantic"} <= names
    assert names.isdisjoint({"azure-functions-runtime", "pytest", "mypy", "rich", "scikit-learn"})


def test_a_lock_is_followed_through_extras() -> None:
    lock = {
        "package": [
            {"name": "app", "dependencies": [{"name": "a", "extra": ["fast"]}]},
            {
                "name": "a",
                "dependencies": [{"name": "b"}],
                "optional-dependencies": {"fast": [{"name": "c"}], "slow": [{"name": "d"}]},
            },
            {"name": "b", "dependencies": [{"name": "a"}]},
            {"name": "c"},
            {"name": "d"},
        ]
    }
    assert deployed_packages(lock, "app") == {"a", "b", "c"}
