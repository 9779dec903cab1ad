"""docs/dependencies.md names what is asked for directly, in the version that is locked."""

import json
import re

import pytest

from tests.structure.locked import direct_dependencies, locked_versions
from tests.structure.source import ROOT

TEXT = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
ROW = re.compile(r"^\| (?P<name>\S+) \| (?P<version>\S+) \| (?P<reason>.+) \|$", re.MULTILINE)


def documented(*headings: str) -> dict[str, str]:
    """Return name and version of each row below the headings."""
    sections = {part.split("\n", 1)[0]: part for part in TEXT.split("\n## ")}
    rows = [row for heading in headings for row in ROW.finditer(sections[heading])]
    return {row["name"]: row["version"] for row in rows if row["name"] not in {"package", "---"}}


@pytest.mark.parametrize(
    ("folder", "headings"),
    [
        (".", ("The deployed app", "The local stack", "Tests and checks")),
        ("dev/serving", ("Serving models on the local stack",)),
        ("dev/checkov", ("Infrastructure",)),
        ("dev/schemathesis", ("HTTP interface",)),
    ],
)
def test_python_packages(folder: str, headings: tuple[str, ...]) -> None:
    locked = locked_versions(folder)
    expected = {name: locked[name] for name in direct_dependencies(folder)}
    assert documented(*headings) == expected


@pytest.mark.parametrize(
    ("folder", "heading"),
    [
        ("dev/azurite", "Storage emulator (npm)"),
        ("tests/browser", "Browser tests (npm)"),
        ("tests/kql", "Queries (npm)"),
    ],
)
def test_npm_packages(folder: str, heading: str) -> None:
    package = json.loads((ROOT / folder / "package.json").read_text("utf-8"))
    assert documented(heading) == package["dependencies"]


def test_uv_is_pinned_once() -> None:
    version = re.search(
        r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    assert version
    assert documented("Tools that make brings") == {"uv": version[1]}
