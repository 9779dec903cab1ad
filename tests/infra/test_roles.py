"""Every identity has exactly the roles of the table in docs/azure.md, on what the table says."""

import re

import pytest

from dev.tools.bicep import ROOT
from tests.infra.evaluated import (
    DEPLOYMENTS,
    Resource,
    custom_roles,
    resources,
    role_names,
    role_of,
)

ROW = re.compile(r"^\| (app|package|system topic) \| (.+?) \| (.+?) \| .+ \|$", re.MULTILINE)
INSTEAD = re.compile(r"^\| (ModelGate [a-z ]+) \| ([A-Z][\w, ]+) \| .+ \|$", re.MULTILINE)
"""The built-in roles that stand for one of ours."""

SCOPES = {
    r"^/.*/Microsoft\.MachineLearningServices/workspaces/wk-qa$": "QA workspace",
    r"^/.*/Microsoft\.MachineLearningServices/workspaces/wk-prod$": "PROD workspace",
    r"^storage of .*/workspaces/wk-qa$": "storage of the QA workspace",
    r"^storage of .*/workspaces/wk-prod$": "storage of the PROD workspace",
    r"/blobServices/default/containers/app-package$": "container `app-package`",
    r"/blobServices/default/containers/deadletter$": "container `deadletter`",
    r"/Microsoft\.Storage/storageAccounts/[^/]+$": "storage account",
    r"/vaults/[^/]+/secrets/link-keys$": "secret `link-keys`",
    r"/Microsoft\.Communication/communicationServices/[^/]+$": "Communication Services",
    r"/Microsoft\.EventGrid/topics/[^/]+$": "topic",
    r"/Microsoft\.Insights/components/[^/]+$": "Application Insights",
    r"/schedulers/[^/]+/taskHubs/[^/]+$": "task hub",
}
"""What the table calls a scope, by how its ARM id ends."""


def documented(name: str) -> set[tuple[str, str, str]]:
    """What the page says of a shape: identity, role, scope."""
    text = (ROOT / "docs" / "azure.md").read_text("utf-8")
    rows: set[tuple[str, str, str]] = set(ROW.findall(text))
    if name != "durable-task-scheduler":
        rows = {row for row in rows if row[2] != "task hub"}
    if name != "built-in-roles":
        return rows
    instead = {ours: theirs.split(", ") for ours, theirs in INSTEAD.findall(text)}
    return {(who, role, on) for who, ours, on in rows for role in instead.get(ours, [ours])}


def scope_of(assignment: Resource) -> str:
    """The ARM id of what a role is on, or `storage of` a workspace, which only Azure knows."""
    id_ = assignment["id"]
    if told := re.fullmatch(
        r"\[extensionResourceId\('(/[^']+)', 'Microsoft.Authorization/roleAssignments', .*\]", id_
    ):
        return told[1]
    (workspace,) = set(re.findall(r"reference\('(/[^']+)', '[^']+'\)\.storageAccount", id_))
    assert "'Microsoft.Storage/storageAccounts'" in id_
    return f"storage of {workspace}"


def called(scope: str) -> str:
    (name,) = [name for pattern, name in SCOPES.items() if re.search(pattern, scope)]
    return name


def identity_of(assignment: Resource) -> str:
    id_ = assignment["properties"]["principalId"]
    if "/systemTopics/" in id_:
        return "system topic"
    return "package" if "/userAssignedIdentities/id-package-" in id_ else "app"


def assigned(name: str) -> set[tuple[str, str, str]]:
    return {
        (identity_of(each), role_of(name, each), called(scope_of(each)))
        for each in resources(name, "Microsoft.Authorization/roleAssignments")
    }


def plain(role: str) -> str:
    """`azuremldatascientist`, of a role as the portal or as Bicep spells it."""
    return re.sub(r"\W", "", role).lower()


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_roles_are_those_of_the_table(name: str) -> None:
    table = {(identity, plain(role), scope) for identity, role, scope in documented(name)}
    assert {(identity, plain(role), scope) for identity, role, scope in assigned(name)} == table


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_no_role_reaches_a_whole_group_or_subscription(name: str) -> None:
    for assignment in resources(name, "Microsoft.Authorization/roleAssignments"):
        scope = scope_of(assignment)
        assert scope.startswith("storage of ") or "/providers/" in scope


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_only_the_app_and_the_topic_get_any(name: str) -> None:
    principals = {
        re.sub(r"^\[reference\('.*/(userAssignedIdentities|systemTopics)/.*$", r"\1", text)
        for each in resources(name, "Microsoft.Authorization/roleAssignments")
        for text in [each["properties"]["principalId"]]
    }
    assert principals == {"userAssignedIdentities", "systemTopics"}


def test_every_role_that_is_named_is_assigned() -> None:
    used = {role for name in DEPLOYMENTS for _, role, _ in assigned(name)}
    assert used == set(role_names().values()) | set(custom_roles("default"))


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_nothing_is_assigned_twice(name: str) -> None:
    """One on a container would be worth nothing beside the same one on its account."""
    assignments = resources(name, "Microsoft.Authorization/roleAssignments")
    assert len(assigned(name)) == len(assignments)
