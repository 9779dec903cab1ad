"""Models that lie where our credentials must not go: other accounts, hosts and workspaces."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.adversary.refusals import Refusals
from tests.adversary.registrant import Registrant

OWN = "workspaceblobstore"
"""The datastore of every workspace, which copies ask PROD for."""

LONG = "azureml://subscriptions/{}/resourceGroups/{}/workspaces/{}/datastores/{}/paths/models/m"
NOT_ALLOWED = ("StorageNotAllowed", "ModelPathNotSupported")

ACCOUNTS: Mapping[str, Mapping[str, Any]] = {
    "another": {},
    "another-host": {"endpoint": "adversary.example"},
    "another-host-with-a-port": {"endpoint": "127.0.0.1:9/"},
    "by-http": {"protocol": "http"},
    "prods": {"accountName": "wkprod"},
    "the-services-own": {"accountName": "modelgate"},
    "a-path": {"accountName": "../wkprod"},
    "a-path-through-ours": {"accountName": "wkqa/../wkprod"},
    "a-user": {"accountName": "wkqa@127.0.0.1"},
    "a-host": {"accountName": "127.0.0.1:9/"},
    "a-query": {"accountName": "wkqa?x="},
    "a-template": {"accountName": "{account}"},
    "a-lake": {"datastoreType": "AzureDataLakeGen2", "filesystem": "models"},
    "no-key": {"credentials": {"credentialsType": "None"}},
}
"""Datastores that name an account which is not the workspace's."""

ADDRESSES = (
    "https://adversary.blob.core.windows.net/models/m",
    "https://wkprod.blob.core.windows.net/models/m",
    "https://wkqa.blob.adversary.example/models/m",
    "https://wkqa.blob.core.windows.net.adversary.example/models/m",
    "https://wkqa.blob.core.windows.net@127.0.0.1:9/models/m",
    "https://127.0.0.1:9/wkqa.blob.core.windows.net/models/m",
    "https://a.blob.b@127.0.0.1:9/models/m",
    "http://127.0.0.1:9/wkqa/models/m",
    "https://wkqa.blob.core.windows.net\\@127.0.0.1/models/m",
    "https://169.254.169.254/metadata/identity/oauth2/token",
    "abfss://models@adversary.dfs.core.windows.net/m",
)


WORKSPACES = [
    (workspace, datastore)
    for workspace in ("wk-prod", "wk-none")
    for datastore in (OWN, "workspaceartifactstore")
]


@pytest.fixture(scope="module")
def begun(mallory: Registrant) -> Registrant:
    """The registrant, who has registered them all."""
    _, _, subscription, _, group, *_ = mallory.stack.facts["workspaces"]["prod"].split("/")
    for kind, changes in ACCOUNTS.items():
        mallory.datastore(kind, **changes)
        mallory.model("places", kind, f"azureml://datastores/{kind}/paths/models/m")
    for number, address in enumerate(ADDRESSES):
        mallory.model("places", f"address-{number}", address)
    for workspace, datastore in WORKSPACES:
        uri = LONG.format(subscription, group, workspace, datastore)
        mallory.model("places", f"{workspace}-{datastore}", uri)
    return mallory


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_an_account_that_is_not_the_workspaces_is_not_touched(
    begun: Registrant, refusals: Refusals, kind: str
) -> None:
    release = refusals.ended(begun.stack.started("places", kind), "Failed", "StorageNotAllowed")
    assert "under storage" in release["reason"], "it says what to do about it"


@pytest.mark.parametrize("number", range(len(ADDRESSES)))
def test_an_address_elsewhere_is_not_asked(
    begun: Registrant, refusals: Refusals, number: int
) -> None:
    id_ = begun.stack.started("places", f"address-{number}")
    refusals.ended(id_, "Failed", *NOT_ALLOWED)


@pytest.mark.parametrize(("workspace", "datastore"), WORKSPACES)
def test_a_model_of_another_workspace_is_refused(
    begun: Registrant, refusals: Refusals, workspace: str, datastore: str
) -> None:
    id_ = begun.stack.started("places", f"{workspace}-{datastore}")
    refusals.ended(id_, "Failed", "ModelInAnotherWorkspace")
    assert datastore == OWN or not begun.stack.arm_calls(
        "GET", f"{workspace}/datastores/{datastore}"
    )


def test_a_datastore_that_is_put_elsewhere_meanwhile_brings_nothing_else_to_prod(
    mallory: Registrant,
) -> None:
    stack = mallory.stack
    own = {"accountName": "wkqa", "containerName": mallory.container}
    key = {"credentialsType": "AccountKey", "secrets": {"key": _own_key(mallory)}}
    mallory.datastore("moving", **own, credentials=key)
    mallory.files("moving", {"factor.json": b'{"factor": 2.0}'})
    stack.provisioning(5, "moving-qa")
    mallory.model("moving", "1", "azureml://datastores/moving/paths/moving")
    release_id = stack.started("moving")
    stack.when(release_id, "Deploying", "qa")
    mallory.datastore("moving", accountName="wkprod")
    release = stack.ended(release_id, 60)
    if release["outcome"] == "Succeeded":
        assert stack.answer("prod", "moving-prod") == [2.0, 4.0]
    else:
        assert release["outcome"] == "Failed", release["reason"]


def _own_key(mallory: Registrant) -> str:
    return str(mallory.arm("POST", "datastores/workspaceblobstore/listSecrets").json()["key"])
