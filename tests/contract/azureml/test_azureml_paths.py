"""The addresses that Azure ML keeps for a model's files."""

import pytest

from shared.adapters.azureml.paths import BlobPath, DatastorePath, parse_model_uri
from shared.domain.errors import StepError
from shared.domain.pipeline import Workspace

LONG = "azureml://subscriptions/sub-1/resourceGroups/rg-QA/workspaces/"
QA = Workspace("sub-1", "rg-QA", "wk-qa")
OTHER = Workspace("sub-1", "rg-QA", "wk-other")
STORE = "workspaceblobstore"
RUN = "ExperimentRun/dcid.brave_boat_1/outputs/mlflow-model"


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        (f"azureml://datastores/{STORE}/paths/a/b/", DatastorePath(QA, STORE, "a/b")),
        (
            f"{LONG}wk-qa/datastores/{STORE}/paths/LocalUpload/1f/Model One",
            DatastorePath(QA, STORE, "LocalUpload/1f/Model One"),
        ),
        (  # other capitals than it was given, and a replicated path
            f"{LONG.lower()}WK-QA/datastores/{STORE}/paths/ServiceReplicated/00-11/model.pkl",
            DatastorePath(QA, STORE, "ServiceReplicated/00-11/model.pkl"),
        ),
        (
            f"{LONG}wk-other/datastores/d/paths/m",
            DatastorePath(OTHER, "d", "m"),
        ),
        (
            f"{LONG}wk-qa/datastores/workspaceartifactstore/paths/{RUN}",
            DatastorePath(QA, "workspaceartifactstore", RUN),
        ),
        (
            "azureml://jobs/brave_boat_1/outputs/artifacts/paths/outputs/mlflow-model/",
            DatastorePath(QA, "workspaceartifactstore", RUN),
        ),
        (
            "runs:/brave_boat_1/outputs/mlflow-model",
            DatastorePath(QA, "workspaceartifactstore", RUN),
        ),
        (
            "https://acc.blob.core.windows.net/cont/a%20b/c",
            BlobPath("https://acc.blob.core.windows.net", "cont", "a b/c"),
        ),
    ],
)
def test_understood(uri: str, place: DatastorePath | BlobPath) -> None:
    assert parse_model_uri(uri, QA) == place


@pytest.mark.parametrize(
    "uri",
    ["", "None", "https://example.com/x?sig=abc", "azureml://registries/r/models/m/versions/1"],
)
def test_refused(uri: str) -> None:
    with pytest.raises(StepError, match="ModelPathNotSupported") as caught:
        parse_model_uri(uri, QA)
    assert "sig=" not in str(caught.value)
