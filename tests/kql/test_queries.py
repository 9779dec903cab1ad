"""Queries for operators and alerts parse, and name tables and columns that there are."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.missing import do_without

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
SCHEMAS = json.loads((FOLDER / "schemas.json").read_text("utf-8"))
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
DOCUMENTED = dict(
    re.findall(r"^### ([^\n]+)\n\n```kusto\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
)
ALERTS = {file.name: file.read_text("utf-8") for file in (ROOT / "infra/alerts").glob("*.kql")}


def told(queries: dict[str, str]) -> dict[str, list[str]]:
    """What the parser says of each query."""
    if not (FOLDER / "node_modules").exists():
        do_without("the parser is not here: make test brings it")
    done = subprocess.run(
        ["node", "check.js"],  # noqa: S607 (node is assumed, as npm is)
        cwd=FOLDER,
        input=json.dumps({"schemas": SCHEMAS, "queries": queries}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, list[str]] = json.loads(done.stdout)
    return answers


def test_queries_are_understood() -> None:
    queries = {**DOCUMENTED, **ALERTS}
    assert told(queries) == {name: [] for name in queries}


def test_there_are_ten_and_the_alerts() -> None:
    assert len(DOCUMENTED) == PAGE.count("```kusto\n") == 10
    assert set(ALERTS) == {"errored.kql", "expiring.kql", "files-changed.kql", "sweeper.kql"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("AppTrace | count", "'AppTrace' does not refer to any known table"),
        ("AppTraces | where Mesage has 'x'", "'Mesage' does not refer to any known column"),
        ("AppTraces | summarize by", "Missing expression"),
        ("AppTraces | where SeverityLevel > ", "Missing expression"),
    ],
)
def test_mistakes_are_found(query: str, said: str) -> None:
    assert any(said in message for message in told({"wrong": query})["wrong"])


def test_alerts_give_each_release_an_alert_of_its_own() -> None:
    assert all("release = tostring(" in query for query in ALERTS.values())
