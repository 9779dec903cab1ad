"""Requests are counted under the right kind."""

import pytest

from bench import kinds

WORKSPACE = (
    "/subscriptions/1/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/wk"
)
LOCATION = "/subscriptions/1/providers/Microsoft.MachineLearningServices/locations/eu"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (f"{WORKSPACE}?api-version=1", "workspace"),
        (f"{WORKSPACE}/models/m/versions/1?api-version=1", "models/versions"),
        (f"{WORKSPACE}/onlineEndpoints/e/listKeys", "onlineEndpoints/listKeys"),
        (f"{WORKSPACE}/onlineEndpoints/e/deployments/d", "onlineEndpoints/deployments"),
        (f"{LOCATION}/mfeOperationsStatus/odidp:1:2?t=3", "mfeOperationsStatus"),
        ("/endpoints/eu/e/score", "score"),
    ],
)
def test_arm(url: str, kind: str) -> None:
    assert kinds.arm(url) == kind


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/account/releases(PartitionKey='p',RowKey='a/b')", "releases, one row"),
        ("/account/index()?$top=2&$filter=x", "index, query"),
        ("/account/locks", "locks, insert"),
        ("/account/$batch", "transaction"),
        ("/account/Tables", "make a table"),
    ],
)
def test_table(url: str, kind: str) -> None:
    assert kinds.table(url) == kind


def test_blob() -> None:
    assert kinds.blob("/wkqa/container?restype=container&comp=list&prefix=a") == "wkqa, list"
    assert kinds.blob("/wkprod/container/folder/model.pkl?sig=x") == "wkprod, content"


@pytest.mark.parametrize(
    ("method", "url", "reads"),
    [
        ("GET", "/wkqa/container/model.pkl", True),
        ("GET", "/wkqa/container/model.pkl?sig=x", True),
        ("HEAD", "/wkqa/container/model.pkl", False),
        ("GET", "/wkqa/container?restype=container&comp=list", False),
        ("PUT", "/wkqa/container/model.pkl", False),
    ],
)
def test_reads_of_content(method: str, url: str, reads: bool) -> None:
    assert kinds.is_content_read(method, url) is reads
