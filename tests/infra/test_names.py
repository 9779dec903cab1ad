"""Names stay legal for the longest environment name, and azd finds what it looks for."""

import json
import re

import pytest
import yaml

from dev.tools.bicep import INFRA, ROOT
from tests.infra.evaluated import DEPLOYMENTS, resource, resources

LEGAL = {
    "Microsoft.Communication/communicationServices": r"[a-zA-Z0-9-]{1,63}",
    "Microsoft.Communication/emailServices": r"[a-zA-Z0-9-]{1,63}",
    "Microsoft.DurableTask/schedulers": r"[a-zA-Z0-9-]{3,64}",
    "Microsoft.EventGrid/systemTopics": r"[a-zA-Z0-9-]{3,50}",
    "Microsoft.EventGrid/topics": r"[a-zA-Z0-9-]{3,50}",
    "Microsoft.Insights/actionGroups": r"[^:<>+/&%\\?|]{1,260}",
    "Microsoft.Insights/components": r"[^%&\\?/]{1,260}",
    "Microsoft.Insights/metricAlerts": r"[^*#&+:<>?@%{}\\/]{1,260}",
    "Microsoft.Insights/scheduledQueryRules": r"[^*<>%{}&:\\?/#@]{1,260}",
    "Microsoft.KeyVault/vaults": r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[a-zA-Z0-9][\w-]{2,127}",
    "Microsoft.OperationalInsights/workspaces": r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
    "Microsoft.Resources/resourceGroups": r"[\w().-]{0,89}[\w()-]",
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.Web/serverfarms": r"[a-zA-Z0-9-]{1,60}",
    "Microsoft.Web/sites": r"[a-zA-Z0-9][a-zA-Z0-9-]{0,58}[a-zA-Z0-9]",
}
"""https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"""


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_names_are_legal(name: str) -> None:
    for each in resources(name):
        if each["type"] in LEGAL:
            assert re.fullmatch(LEGAL[each["type"]], each["name"], re.ASCII), each["name"]


def test_the_longest_name_is_as_long_as_it_may_be() -> None:
    group = resource("longest-name", "Microsoft.Resources/resourceGroups")
    assert len(group["name"]) == len("rg-") + 64
    limit = re.search(
        r"@maxLength\((\d+)\)\nparam environmentName", (INFRA / "main.bicep").read_text()
    )
    assert limit is not None
    assert limit[1] == "64"


def test_azd_finds_the_app_by_its_tag() -> None:
    project = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))
    (service,) = project["services"]
    app = resource("default", "Microsoft.Web/sites")
    assert app["tags"] == {"azd-env-name": "dev", "azd-service-name": service}
    assert (ROOT / project["infra"]["path"] / f"{project['infra']['module']}.bicep").exists()


def test_hooks_are_there_for_both_kinds_of_shell() -> None:
    project = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))
    hooks = project["hooks"]["postdeploy"]
    assert set(hooks) == {"posix", "windows"}
    for hook in hooks.values():
        assert (ROOT / hook["run"]).is_file()
    assert (ROOT / hooks["posix"]["run"]).stat().st_mode & 0o111


def test_azd_asks_for_what_has_no_default_and_for_nothing_else() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
    source = (INFRA / "main.bicep").read_text("utf-8")
    declared = dict(re.findall(r"^param (\w+) [^=\n]*?(=.*)?$", source, re.MULTILINE))
    assert set(given) <= set(declared)
    needed = {name for name, default in declared.items() if not default}
    # azd asks where a value names a variable without a default that is not set
    asked = {name for name, entry in given.items() if re.fullmatch(r"\$\{\w+\}", entry["value"])}
    assert asked == needed
