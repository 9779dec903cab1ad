"""Models of other kinds: many files, MLflow, Kubernetes, a release that is repeated."""

import json
import subprocess
from pathlib import Path

import pytest

from dev.emulators.azureml.scoring import serving_python
from tests.e2e.stacks import Release, Stack, types

TRAIN_MLFLOW = Path(__file__).parents[1] / "emulators/azureml/scoring_data/train_mlflow.py"
FILES = {
    f"weights/layer {number % 7}/ä{number:03}.bin": f"{number}".encode() * 10
    for number in range(299)
}


@pytest.fixture(scope="module")
def ids(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The releases' ids by scenario, all of them begun."""
    stack.register("folder", more_files=FILES)
    stack.register("cluster")
    folder = tmp_path_factory.mktemp("mlflow")
    subprocess.run(  # noqa: S603 (a fixed command)
        [serving_python(), TRAIN_MLFLOW, folder], check=True, capture_output=True, timeout=120
    )
    model = folder / "plain" / "model"
    files = {
        path.relative_to(model).as_posix(): path.read_bytes()
        for path in sorted(model.rglob("*"))
        if path.is_file()
    }
    stack.studio.register(files, name="mlflow", type_="mlflow_model")
    return {name: stack.started(name) for name in ("folder", "cluster", "mlflow")}


def copies(stack: Stack) -> dict[str, tuple[int, str]]:
    """Size and etag of every file of the folder model in PROD, by its path below the model's."""
    path = stack.studio.client("prod").models.get("folder-production", "1").path
    where = str(path).partition("/paths/")[2].rstrip("/") + "/"
    blobs = stack.blobs("prod").list_blobs(name_starts_with=where)
    return {blob.name.removeprefix(where): (blob.size, str(blob.etag)) for blob in blobs}


def test_every_file_of_a_folder_is_copied_with_its_name(stack: Stack, ids: dict[str, str]) -> None:
    release = stack.succeeded(ids["folder"])
    sizes = {name: size for name, (size, _) in copies(stack).items()}
    content = json.dumps({"factor": 2.0})
    assert sizes == {"factor.json": len(content), **{n: len(c) for n, c in FILES.items()}}
    copied = next(e for e in stack.events(release["id"]) if e["type"] == "ModelCopied")
    assert copied["details"] == {"files": 300, "bytes": sum(sizes.values())}
    assert stack.answer("prod", "folder-prod") == [2.0, 4.0]


def test_repeating_a_release_changes_nothing_in_the_copy(stack: Stack, ids: dict[str, str]) -> None:
    stack.succeeded(ids["folder"])
    before = copies(stack)
    registered = stack.studio.client("prod").models.get("folder-production", "1")
    again = stack.start_again("folder")
    release = stack.succeeded(again)
    assert (release["attempt"], release["requested_by"]) == (2, "ann@modelgate.example")
    assert copies(stack) == before
    after = stack.studio.client("prod").models.get("folder-production", "1")
    assert (after.path, after.properties) == (registered.path, registered.properties)
    assert [model.version for model in stack.studio.client("prod").models.list(after.name)] == ["1"]
    assert stack.traffic("prod", "folder-prod") == {release["stages"][1]["deployment"]: 100}


def test_an_mlflow_model_needs_no_code_and_keeps_its_type(
    stack: Stack, ids: dict[str, str]
) -> None:
    release = stack.succeeded(ids["mlflow"])
    assert [stage["probe"]["problems"] for stage in release["stages"]] == [[], []]
    copied = stack.studio.client("prod").models.get("mlflow-production", "1")
    assert copied.type == "mlflow_model"


def test_a_kubernetes_cluster_serves_too(stack: Stack, ids: dict[str, str]) -> None:
    release: Release = stack.succeeded(ids["cluster"])
    deployment = release["stages"][0]["deployment"]
    endpoint = stack.studio.client("qa").online_endpoints.get("cluster-qa")
    assert endpoint.compute.rpartition("/")[2] == "aks-diabetes"
    assert stack.traffic("qa", "cluster-qa") == {deployment: 100}
    assert stack.answer("qa", "cluster-qa") == [2.0, 4.0]
    assert "Succeeded" in [stage["state"] for stage in release["stages"]]
    assert types(stack.events(release["id"]))[-1] == "Ended"
