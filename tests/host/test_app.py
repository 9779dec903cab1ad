"""The app itself on Microsoft's worker library, with settings made from the sample."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.storage import Azurite
from shared.workflow.contract import Activity
from tests.host.hosting import ROOT, RunningHost, running_host
from tests.samples import filled_sample

CALL_HTTP = {"BuiltIn__HttpActivity", "BuiltIn__HttpPollOrchestrator"}
"""What azure-functions-durable 2.x adds to every app."""


def written() -> set[str]:
    """The functions that function_app.py writes down: everything decorated with a trigger."""
    tree = ast.parse((ROOT / "function_app.py").read_text("utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {each.name for each in functions if each.decorator_list}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """A folder as after `cp local.settings.sample.json local.settings.json`, filled in."""
    folder = tmp_path_factory.mktemp("app")
    with Azurite(folder / "storage", ["modelgate"]) as storage:
        # the sample's own words for it need the three well-known ports
        connection = storage.accounts["modelgate"].connection_string
        settings = filled_sample() | {"AzureWebJobsStorage": connection}
        with running_host(
            ROOT, folder / "log", environment=settings | {"MODELGATE_TABLES": connection}
        ) as host:
            yield host


def test_every_function_is_indexed(host: RunningHost) -> None:
    assert set(host.functions) == written() | set(Activity) | CALL_HTTP


def test_the_sample_starts_the_app_on_azurite(host: RunningHost) -> None:
    answer = host.call("GET", "/api/health")
    assert (answer.status, answer.json()["checks"]) == (200, {"pipelines": "ok", "store": "ok"})
    listed = host.call("GET", "/api/releases", code=host.function_key)
    assert (listed.status, listed.json()["releases"]) == (200, [])


@pytest.mark.parametrize(
    ("written", "spoilt", "words"),
    [
        ('arg_name="event"', 'arg_name="envelope"', "model_registered"),
        ('@app.function_name("decide")', '@app.function_name("show_approval")', "show_approval"),
        ("req: func.HttpRequest) -> func.HttpResponse", "request) -> str", "list_releases"),
    ],
)
def test_a_function_that_would_not_index_is_named(
    tmp_path: Path, written: str, spoilt: str, words: str
) -> None:
    app = tmp_path / "app"
    app.mkdir()
    text = (ROOT / "function_app.py").read_text("utf-8")
    assert written in text
    (app / "function_app.py").write_text(text.replace(written, spoilt, 1))
    for name in ("host.json", "shared", "pipelines"):
        (app / name).symlink_to(ROOT / name)
    with (
        pytest.raises(AssertionError, match=words),
        running_host(app, tmp_path / "log", environment=filled_sample()),
    ):
        pass
