"""The addresses that Azure ML keeps for a model's files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.azureml.paths import BlobPath, DatastorePath, parse_model_uri
from shared.adapters.egress.storage import Storage
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Workspace

LONG = "azureml://subscriptions/sub-1/resourceGroups/rg-QA/workspaces/"
QA = Workspace("sub-1", "rg-QA", "wk-qa")
STORAGE = Storage("core.windows.net")
STORE = "workspaceblobstore"
RUN = "ExperimentRun/dcid.brave_boat_1/outputs/mlflow-model"


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        (f"azureml://datastores/{STORE}/paths/a/b/", DatastorePath(STORE, "a/b")),
        (
            f"{LONG}wk-qa/datastores/{STORE}/paths/LocalUpload/1f/Model One",
            DatastorePath(STORE, "LocalUpload/1f/Model One"),
        ),
        (  # other capitals than it was given, and a replicated path
            f"{LONG.lower()}WK-QA/datastores/{STORE}/paths/ServiceReplicated/00-11/model.pkl",
            DatastorePath(STORE, "ServiceReplicated/00-11/model.pkl"),
        ),
        (
            f"{LONG}wk-qa/datastores/workspaceartifactstore/paths/{RUN}",
            DatastorePath("workspaceartifactstore", RUN),
        ),
        (
            "azureml://jobs/brave_boat_1/outputs/artifacts/paths/outputs/mlflow-model/",
            DatastorePath("workspaceartifactstore", RUN),
        ),
        (
            "runs:/brave_boat_1/outputs/mlflow-model",
            DatastorePath("workspaceartifactstore", RUN),
        ),
        (
            "https://acc.blob.core.windows.net/cont/a%20b/c",
            BlobPath("acc", "cont", "a b/c"),
        ),
        ("https://ACC.dfs.core.windows.net/cont/c", BlobPath("acc", "cont", "c")),
    ],
)
def test_understood(uri: str, place: DatastorePath | BlobPath) -> None:
    assert parse_model_uri(uri, QA, STORAGE, "m version 1") == place


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "None",
        "https://example.com/x?sig=abc",
        "https://acc.blob.core.windows.net.example.com/cont/c",
        "https://acc.blob.core.windows.net:8443/cont/c",
        "https://x@acc.blob.core.windows.net/cont/c",
        "https://acc.blob.core.windows.net\\@example.com/cont/c",
        "https://acc.blob.core.usgovcloudapi.net/cont/c",
        "http://acc.blob.core.windows.net/cont/c",
        "https://[/cont/c",
        "azureml://registries/r/models/m/versions/1",
    ],
)
def test_refused(uri: str) -> None:
    with pytest.raises(StepError, match="ModelPathNotSupported") as caught:
        parse_model_uri(uri, QA, STORAGE, "m version 1")
    assert "sig=" not in str(caught.value)


def test_a_datastore_of_another_workspace() -> None:
    """A registrant's word would have this service's identity read what they may not."""
    with pytest.raises(StepError, match="ModelInAnotherWorkspace") as caught:
        parse_model_uri(f"{LONG}wk-other/datastores/d/paths/m", QA, STORAGE, "m version 1")
    assert caught.value.failure.kind is FailureKind.MODEL
    assert "wk-other" in str(caught.value)


@given(st.sampled_from(["", LONG, "azureml://", "https://", "runs:/"]), st.text())
def test_any_address_is_understood_or_refused_in_words(beginning: str, rest: str) -> None:
    try:
        place = parse_model_uri(beginning + rest, QA, STORAGE, "m version 1")
    except StepError as error:
        failure = error.failure
    else:
        assert place.path
        return
    assert failure.kind is FailureKind.MODEL
    assert failure.message.isprintable()
