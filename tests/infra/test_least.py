"""What the app's identities may do is what the app does, and a lost token opens no more."""

import re
from pathlib import Path

import pytest
from azure.eventgrid._legacy._constants import DEFAULT_EVENTGRID_SCOPE
from azure.storage.blob._shared.constants import STORAGE_OAUTH_SCOPE

from dev.tools.bicep import ROOT
from shared.adapters.azureml import permissions
from shared.adapters.azureml.preflight import FOLDER
from shared.adapters.clouds import PUBLIC
from shared.domain.pipeline import Environment, Health, KubernetesCompute, ScoringCode, Stage
from shared.domain.pipeline import Workspace as Place
from tests.infra.evaluated import DEPLOYMENTS, Resource, custom_roles, resource, resources, settings
from tests.infra.test_roles import called, identity_of, scope_of

OWN = [name for name in DEPLOYMENTS if name != "built-in-roles"]
ML = "Microsoft.MachineLearningServices/workspaces"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
BEYOND_THE_CHECK = {
    "Microsoft.Authorization/permissions/read": "the check itself",
    f"{ML}/onlineEndpoints/score/action": "an endpoint that was there before, with Entra ID",
    f"{ML}/onlineEndpoints/token/action": "an endpoint that was there before, with tokens",
}
WRITING = {f"{BLOBS}/{verb}" for verb in ("write", "add/action", "delete", "move/action")}


def needed(*, copies: bool) -> set[str]:
    """All that any stage may need."""
    stage = Stage(
        name="any",
        workspace=Place("s", "g", "w"),
        model_name=None,
        endpoint="e",
        compute=KubernetesCompute("cluster", None, 1, "1", "1Gi", "10.0.0.4"),
        health=Health(1, 1, None, 200, None, None),
        environment=Environment(image="i"),
        code=ScoringCode(Path("code"), "score.py"),
    )
    found = permissions.needed(stage, copies=copies, opens_with_keys=False)
    return {f"{ML}/{operation}" for operation in found}


def assignment(name: str, on: str, *, role: str = "") -> Resource:
    """The only assignment on something."""
    (found,) = [
        each
        for each in resources(name, "Microsoft.Authorization/roleAssignments")
        if called(scope_of(each)) == on and role in each["properties"]["roleDefinitionId"]
    ]
    return found


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(("purpose", "copies"), [("source", False), ("target", True)])
def test_a_workspaces_role_is_what_the_adapters_call(name: str, purpose: str, copies: bool) -> None:
    (permission,) = custom_roles(name)[f"ModelGate {purpose} workspace"]["properties"][
        "permissions"
    ]
    assert set(permission) == {"actions"}
    assert set(permission["actions"]) == needed(copies=copies) | set(BEYOND_THE_CHECK)
    assert len(permission["actions"]) == len(set(permission["actions"]))


@pytest.mark.parametrize("name", OWN)
def test_no_role_of_ours_has_a_wildcard_or_gives_rights_or_keys_away(name: str) -> None:
    for role in custom_roles(name).values():
        assert len(role["properties"]["assignableScopes"]) == 1
        for permission in role["properties"]["permissions"]:
            operations = [*permission.get("actions", ()), *permission.get("dataActions", ())]
            lent = [
                each
                for each in operations
                if re.search(r"\*|roleAssign|roleDefin|listSecrets|workspaces/listKeys|jobs", each)
            ]
            assert lent == []


def test_the_source_registers_no_models() -> None:
    """What is released is chosen by those who register, never by the service itself."""
    (permission,) = custom_roles("default")["ModelGate source workspace"]["properties"][
        "permissions"
    ]
    assert not [each for each in permission["actions"] if re.search(r"models/.*write", each)]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_in_prods_storage_only_the_folder_of_copies_is_written(name: str) -> None:
    properties = assignment(name, "storage of the PROD workspace")["properties"]
    condition = " ".join(properties["condition"].split())
    assert properties["conditionVersion"] == "2.0"
    free, _, bound = condition.partition(" ) OR ( ")
    assert set(re.findall(r"!\(ActionMatches\{'(.+?)'\}\)", free)) == WRITING
    assert " OR " not in free
    assert bound == f"@Resource[{BLOBS}:path] StringLike '{FOLDER}/*' ) )"
    source = (ROOT / "shared/workflow/activities/copy.py").read_text("utf-8")
    assert f'folder = f"{FOLDER}/' in source


@pytest.mark.parametrize("name", OWN)
def test_in_prods_storage_no_container_is_touched(name: str) -> None:
    (permission,) = custom_roles(name)["ModelGate model files"]["properties"]["permissions"]
    assert permission == {
        "dataActions": [f"{BLOBS}/{verb}" for verb in ("read", "write", "delete")]
    }


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_code_is_not_the_apps_to_replace(name: str) -> None:
    owner = assignment(name, "storage account", role="b7e6dc6d-f1e8-4753-8033-0f276bb0955b")
    free, _, bound = " ".join(owner["properties"]["condition"].split()).partition(" ) OR ( ")
    found = set(re.findall(r"!\(ActionMatches\{'(.+?)'\}\)", free))
    assert found == WRITING | {f"{BLOBS}/runAsSuperUser/action"}
    app = resource(name, "Microsoft.Web/sites")["properties"]["functionAppConfig"]
    container = re.findall(r"'([\w-]+)'\)\]$", app["deployment"]["storage"]["value"])[0]
    name_of = BLOBS.removesuffix("/blobs")
    assert bound == f"@Resource[{name_of}:name] StringNotEquals '{container}' ) )"
    assert identity_of(assignment(name, f"container `{container}`")) == "package"


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_app_is_told_of_no_identity_but_its_own(name: str) -> None:
    app = resource(name, "Microsoft.Web/sites")
    package, own = sorted(app["identity"]["userAssignedIdentities"], reverse=True)
    assert package.rpartition("/")[2].startswith("id-package-")
    storage = app["properties"]["functionAppConfig"]["deployment"]["storage"]
    assert storage["authentication"]["userAssignedIdentityResourceId"] == package
    assert app["properties"]["keyVaultReferenceIdentity"] == own
    assert not [text for text in settings(name).values() if "id-package-" in text]


def test_the_page_says_of_every_scope_what_a_lost_token_opens() -> None:
    page = (ROOT / "docs" / "azure.md").read_text("utf-8")
    (section,) = re.findall(r"### What a lost token opens\n(.+?)\n#", page, re.DOTALL)
    rows = re.findall(r"^\| ([^|]+) \| `(\S+)` \| [^|]+ \| [^|]+ \|$", section, re.MULTILINE)
    assert {audience for _, audience in rows} == {
        PUBLIC.arm_url,
        PUBLIC.ml_audience,
        STORAGE_OAUTH_SCOPE.removesuffix("/.default"),
        DEFAULT_EVENTGRID_SCOPE.removesuffix("/.default"),
        "https://vault.azure.net",
        "https://communication.azure.com",
        "https://monitor.azure.com",
        "https://durabletask.io",
    }
