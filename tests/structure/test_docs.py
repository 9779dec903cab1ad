"""What the pages say is there, is there."""

import re
from pathlib import Path

import pytest

from dev.tools.pipelines_table import pipelines_tables
from tests.structure.source import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NEEDED = {
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/api.md",
    "docs/approvals.md",
    "docs/azure.md",
    "docs/benchmarks.md",
    "docs/clouds.md",
    "docs/dependencies.md",
    "docs/host.md",
    "docs/limits.md",
    "docs/operations.md",
    "docs/pipelines.md",
    "docs/settings.md",
}

FILE = re.compile(r"`((?:shared|dev|tests|infra|pipelines|docs|bench)/[\w./-]*)`")
CHOICE = re.compile(r"^\| `([A-Z_]+)` \|([^|]*)\|", re.MULTILINE)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def test_the_pages_are_all_there() -> None:
    assert {str(page.relative_to(ROOT)) for page in PAGES} == NEEDED
    assert (ROOT / "LICENSE").is_file()


@every_page
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if not target.startswith(("http://", "https://", "#")):
            assert (page.parent / target.partition("#")[0]).exists(), target


@every_page
def test_commands_are_there(page: Path) -> None:
    text = text_of(page)
    targets = re.findall(r"^([a-z][\w-]*):", text_of(ROOT / "Makefile"), re.MULTILINE)
    for called in re.findall(r"[`\n]make ([a-z][a-z -]*?)(?: +#[^\n]*)?[`\n]", text):
        assert set(called.split()) <= set(targets), called
    for module in re.findall(r"python3? -m ((?:dev|shared|bench)[\w.]*)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


@every_page
def test_files_are_there(page: Path) -> None:
    named = FILE.findall(text_of(page))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_tests_that_security_rests_on_exist() -> None:
    rows = [line for line in text_of(ROOT / "SECURITY.md").splitlines() if "::" in line]
    assert len(rows) > 15
    for row in rows:
        file, _, name = re.findall(r"`(tests/[\w/.]+)(::)(\w+)`", row)[0]
        assert re.search(rf"def {name}\(", text_of(ROOT / file)), name


def test_fields_of_pipelines_are_those_of_the_code() -> None:
    assert pipelines_tables() in text_of(ROOT / "docs" / "pipelines.md")


def test_choices_on_azure_are_those_that_azd_hands_on() -> None:
    given = text_of(ROOT / "infra" / "main.parameters.json")
    offered = dict(re.findall(r"\$\{(\w+)=([^}]*)\}", given))
    page = text_of(ROOT / "docs" / "azure.md")
    told = {name: default.strip("` ") for name, default in CHOICE.findall(page)}
    assert told == offered
