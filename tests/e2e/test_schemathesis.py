"""The running service keeps what docs/openapi.yaml promises, whatever it is sent."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.pipelines import both, write
from tests.e2e.stacks import Stack
from tests.e2e.starting import ROOT, running
from tests.missing import do_without

FOLDER = ROOT / "dev" / "schemathesis"
COMMAND = FOLDER / ".venv" / "bin" / "schemathesis"
DOCUMENT = ROOT / "docs" / "openapi.yaml"
WAITS, ENDS = "waits", "ends"


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Path]]:
    """A stack of its own, since releases are stopped, and words that lead somewhere in it."""
    if not COMMAND.exists():
        do_without("schemathesis is not here: make test brings it")
    words = tmp_path_factory.mktemp("words")
    pipelines = write(tmp_path_factory.mktemp("pipelines"), [both(WAITS), both(ENDS)])
    with running(tmp_path_factory.mktemp("stack"), pipelines) as stack:
        waits = stack.release_of(WAITS)
        stack.tell(ENDS)  # of a version that there is not
        ends = stack.started(ENDS)
        token = stack.link(WAITS).rpartition("/")[2]
        stack.ended(ends)
        for name, found in {
            "ids": [waits, ends],
            "tokens": [token],
            "names": [WAITS, ENDS],
        }.items():
            (words / f"{name}.dict").write_text("\n".join(map(json.dumps, found)))
        shutil.copy(FOLDER / "schemathesis.toml", words)
        yield stack, words


def found(asking: tuple[Stack, Path], document: Path, *options: str) -> tuple[bool, str]:
    """Whether anything is found, and the report."""
    stack, words = asking
    line = [str(COMMAND), "--config-file", "schemathesis.toml", "run", str(document), "--no-color"]
    key = f"x-functions-key: {stack.facts['function_key']}"
    done = subprocess.run(  # noqa: S603 (a fixed command)
        [*line, "--url", stack.facts["functions"], "--header", key, *options],
        cwd=words,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "Tested: " in done.stdout, done.stdout + done.stderr
    return done.returncode == 1, done.stdout


@pytest.mark.slow
def test_the_service_is_as_it_is_described(asking: tuple[Stack, Path]) -> None:
    is_found, report = found(asking, DOCUMENT)
    assert not is_found, report
    assert "Tested: 10" in report


@pytest.mark.parametrize(
    ("said", "instead", "finding"),
    [
        ('"401": {$ref: "#/components/responses/NoKey"}', '"418": {description: "-"}', "ST104"),
        ("maximum: 100, default: 20", "maximum: 1000, default: 20", "ST202"),
    ],
)
def test_a_description_that_is_wrong_is_found(
    asking: tuple[Stack, Path], tmp_path: Path, said: str, instead: str, finding: str
) -> None:
    wrong = tmp_path / "openapi.yaml"
    text = DOCUMENT.read_text("utf-8")
    assert said in text
    wrong.write_text(text.replace(said, instead))
    options = ("--include-path", "/api/ignored", "--phases", "coverage")
    is_found, report = found(asking, wrong, *options)
    assert is_found, report
    assert finding in report
