"""Inference servers: real processes that start, answer, explain themselves and end."""

import asyncio
import os
import sys
import time
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import aiohttp
import psutil
import pytest
import pytest_asyncio

from dev.emulators.azureml.scoring import (
    Scorer,
    ScoringServer,
    ScoringSpec,
    ScoringStartError,
    scorer_for,
    serving_python,
)
from dev.emulators.azureml.scoring_process import SupervisedScorer
from tests.emulators.azureml.scoring_data.support import (
    ROWS,
    all_gone,
    custom_spec,
    mlflow_spec,
    train,
    train_mlflow,
)

PROJECT = Path(__file__).resolve().parents[3]
Mode = Literal["process", "inline"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(params=["process", "inline"], scope="module")
def mode(request: pytest.FixtureRequest) -> Mode:
    return "inline" if request.param == "inline" else "process"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scorer(mode: Mode, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scorer]:
    scorer = scorer_for(mode, root=tmp_path_factory.mktemp("scoring"))
    yield scorer
    await scorer.close()
    assert _servers() == set()


@pytest.fixture(scope="module")
def mlflow_model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    directory = tmp_path_factory.mktemp("mlflow")
    return directory, train_mlflow(directory)


async def _score(server: ScoringServer, body: object) -> Any:  # noqa: ANN401  # JSON
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.address + "/score", json=body) as response,
    ):
        return await response.json()


def _servers() -> set[psutil.Process]:
    """Every process below the supervisors, which are the children of this one."""
    supervisors = psutil.Process().children()
    return {server for each in supervisors for server in each.children(recursive=True)}


def _locked(project: Path, name: str) -> set[str]:
    packages = tomllib.loads((project / "uv.lock").read_text())["package"]
    return {package["version"] for package in packages if package["name"] == name}


async def test_predicts_what_the_model_in_memory_predicts(scorer: Scorer, tmp_path: Path) -> None:
    expected = train(tmp_path)
    server = await scorer.start(custom_spec(tmp_path))
    assert await _score(server, {"data": ROWS}) == pytest.approx(expected)
    await server.stop()


async def test_the_second_inline_start_takes_less_than_a_second(tmp_path: Path) -> None:
    train(tmp_path)
    scorer = scorer_for("inline", root=tmp_path / "scoring")
    try:
        await scorer.start(custom_spec(tmp_path))
        started = time.monotonic()
        await scorer.start(custom_spec(tmp_path, name="green"))
        assert time.monotonic() - started < 1.0
    finally:
        await scorer.close()


async def test_logs_hold_what_the_script_printed(scorer: Scorer, tmp_path: Path) -> None:
    train(tmp_path)
    server = await scorer.start(custom_spec(tmp_path, name="green"))
    assert "model loaded by green" in server.logs(200)
    await _score(server, {"do": "raise"})
    assert "the script is not up to this" in server.logs(200)
    assert len(server.logs(3).splitlines()) == 3
    assert server.logs(200).endswith(server.logs(3))
    await server.stop()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import_error.py", "No module named 'no_such_library'"),
        ("init_error.py", "where is model.joblib?"),
        ("no_run.py", "does not have a run() function"),
        ("absent.py", "No such file or directory"),
    ],
)
async def test_a_script_that_fails_is_explained_by_the_servers_log(
    scorer: Scorer, tmp_path: Path, script: str, reason: str
) -> None:
    before = _servers()
    with pytest.raises(ScoringStartError) as failure:
        await scorer.start(custom_spec(tmp_path, code="failing", script=script))
    assert reason in failure.value.logs
    assert "exit status 3" in failure.value.message
    assert _servers() == before


async def test_a_server_that_is_never_ready_is_given_up_and_ended(tmp_path: Path) -> None:
    before = _servers()
    scorer = SupervisedScorer(tmp_path, warm=False, start_timeout_seconds=2.0)
    try:
        with pytest.raises(ScoringStartError, match="not ready within 2 s"):
            await scorer.start(custom_spec(tmp_path, code="failing", script="init_hangs.py"))
        assert _servers() == before
    finally:
        await scorer.close()


async def test_a_custom_model_needs_a_script(scorer: Scorer, tmp_path: Path) -> None:
    spec = ScoringSpec("key", tmp_path, "custom_model", None, None, {}, 5.0)
    with pytest.raises(ScoringStartError, match="scoring script"):
        await scorer.start(spec)


async def test_triton_is_refused(scorer: Scorer, tmp_path: Path) -> None:
    spec = ScoringSpec("key", tmp_path, "triton_model", None, None, {}, 5.0)
    with pytest.raises(ScoringStartError, match="no Triton server"):
        await scorer.start(spec)


async def test_servers_know_nothing_of_this_process_environment(mode: Mode, tmp_path: Path) -> None:
    train(tmp_path)
    scorer = scorer_for(mode, root=tmp_path / "scoring")
    os.environ["STORAGE_SECRET"] = "do not leak"
    try:
        server = await scorer.start(custom_spec(tmp_path, variables={"LEVEL": "7"}))
        environment = await _score(server, {"do": "environment"})
    finally:
        del os.environ["STORAGE_SECRET"]
        await scorer.close()
    assert "STORAGE_SECRET" not in environment
    assert environment["LEVEL"] == "7"
    assert environment["AZUREML_MODEL_DIR"] == str(tmp_path)
    assert environment["AZUREML_ENTRY_SCRIPT"].endswith("custom/score.py")
    assert environment["WORKER_COUNT"] == "1"


async def test_stop_ends_one_server_on_the_loopback_address_and_leaves_the_other(
    scorer: Scorer, tmp_path: Path
) -> None:
    train(tmp_path)
    before = _servers()
    blue = await scorer.start(custom_spec(tmp_path))
    green = await scorer.start(custom_spec(tmp_path, name="green"))
    started = _servers() - before
    assert len(started) == 4, "a master and a worker each"
    sockets = [socket for process in started for socket in process.net_connections("inet")]
    assert {socket.laddr.ip for socket in sockets} == {"127.0.0.1"}
    await blue.stop()
    await blue.stop()
    with pytest.raises(aiohttp.ClientError):
        await _score(blue, {"do": "who"})
    assert await _score(green, {"do": "who"}) == "green"
    assert len(_servers() - before) == 2
    await green.stop()
    assert _servers() == before


async def test_a_stopped_server_ends_even_in_the_middle_of_a_request(
    scorer: Scorer, tmp_path: Path
) -> None:
    train(tmp_path)
    before = _servers()
    server = await scorer.start(custom_spec(tmp_path, timeout_seconds=60))
    request = asyncio.create_task(_score(server, {"do": "sleep", "seconds": 50}))
    await asyncio.sleep(0.3)
    started = time.monotonic()
    await server.stop()
    assert time.monotonic() - started < 4
    with pytest.raises(aiohttp.ClientError):
        await request
    assert _servers() == before


async def test_an_mlflow_model_needs_no_script(
    scorer: Scorer, mlflow_model: tuple[Path, dict[str, Any]]
) -> None:
    directory, facts = mlflow_model
    server = await scorer.start(mlflow_spec(directory / "signed"))
    table = {"columns": facts["columns"], "data": facts["rows"]}
    records = [dict(zip(facts["columns"], row, strict=True)) for row in facts["rows"]]
    for data in (table, table | {"index": list(range(10))}, records):
        assert await _score(server, {"input_data": data}) == pytest.approx(facts["predictions"])
    refused = await _score(server, {"inputs": facts["rows"]})
    assert refused == {"message": "Request must contain a top level key named 'input_data'"}
    await server.stop()


async def test_mlflow_models_take_rows_and_named_tensors_too(
    scorer: Scorer, mlflow_model: tuple[Path, dict[str, Any]]
) -> None:
    directory, facts = mlflow_model
    plain = await scorer.start(mlflow_spec(directory / "plain"))
    answer = await _score(plain, {"input_data": facts["rows"]})
    assert answer == pytest.approx(facts["predictions"])
    await plain.stop()
    tensors = await scorer.start(mlflow_spec(directory / "tensors"))
    body = {"input_data": {"ones": [[1, 1], [1, 1]], "halves": [0.5, 0.5, 0.5]}}
    assert await _score(tensors, body) == {"ones": 4, "halves": 1.5}
    await tensors.stop()


async def test_a_folder_without_mlmodel_does_not_start(scorer: Scorer, tmp_path: Path) -> None:
    with pytest.raises(ScoringStartError) as failure:
        await scorer.start(mlflow_spec(tmp_path))
    assert "not an MLflow model" in failure.value.logs


@pytest.mark.parametrize("victim", ["owner", "supervisor"])
async def test_nothing_stays_behind_when_one_is_killed(
    mode: Mode, tmp_path: Path, victim: str
) -> None:
    train(tmp_path)
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.emulators.azureml.scoring_data.owner"),
        *(mode, str(tmp_path), str(tmp_path / "scoring")),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert owner.stdout is not None
    assert (await owner.stdout.readline()).startswith(b"http://127.0.0.1:")
    family = psutil.Process(owner.pid).children(recursive=True)
    assert len(family) == 3, "the supervisor, and the server's master and worker"
    if victim == "supervisor":
        family[0].kill()
        assert await all_gone(family)
    owner.kill()
    await owner.wait()
    assert await all_gone(family)


async def test_models_meet_the_same_libraries_where_they_are_trained_and_served() -> None:
    for name in ("scikit-learn", "numpy", "scipy", "joblib", "pandas"):
        assert _locked(PROJECT, name) == _locked(PROJECT / "dev" / "serving", name)


async def test_the_missing_environment_names_the_command_that_brings_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`make` brings it"):
        serving_python(tmp_path)
