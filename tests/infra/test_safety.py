"""No shared key, no old TLS, no secret that anybody could read."""

import re

import pytest

from dev.tools.bicep import INFRA
from tests.infra.evaluated import DEPLOYMENTS, resource, resources, settings, shape, texts

# what gives a key away: functions that read one, and texts that hold one
SECRET = re.compile(
    r"listKeys|listSecrets|listConnectionStrings|AccountKey=|SharedAccessKey|accesskey=|sig=|"
    r"primaryKey|secondaryKey|Password=|firstLinkKey|not-a-key",
    re.IGNORECASE,
)

every_shape = pytest.mark.parametrize("name", DEPLOYMENTS)


@every_shape
def test_storage_takes_no_shared_key_and_no_old_tls(name: str) -> None:
    accounts = resources(name, "Microsoft.Storage/storageAccounts")
    assert accounts
    for account in accounts:
        properties = account["properties"]
        assert properties["allowSharedKeyAccess"] is False
        assert properties["minimumTlsVersion"] == "TLS1_2"
        assert properties["supportsHttpsTrafficOnly"] is True
        assert properties["allowBlobPublicAccess"] is False


@every_shape
def test_nothing_else_takes_keys_either(name: str) -> None:
    for topic in resources(name, "Microsoft.EventGrid/topics"):
        assert topic["properties"]["disableLocalAuth"] is True
        assert topic["properties"]["minimumTlsVersionAllowed"] == "1.2"
    insights = resource(name, "Microsoft.Insights/components")
    assert insights["properties"]["DisableLocalAuth"] is True
    logs = resource(name, "Microsoft.OperationalInsights/workspaces")
    assert logs["properties"]["features"]["disableLocalAuth"] is True
    vault = resource(name, "Microsoft.KeyVault/vaults")
    assert vault["properties"]["enableRbacAuthorization"] is True
    policies = resources(name, "Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert [policy["properties"]["allow"] for policy in policies] == [False, False]


@every_shape
def test_the_app_speaks_tls_only(name: str) -> None:
    app = resource(name, "Microsoft.Web/sites")["properties"]
    assert app["httpsOnly"] is True
    assert (app["siteConfig"]["minTlsVersion"], app["siteConfig"]["ftpsState"]) == (
        "1.2",
        "Disabled",
    )


@every_shape
def test_no_secret_is_told(name: str) -> None:
    told = [*texts(shape(name)["outputs"]), *texts(settings(name))]
    assert [text for text in told if SECRET.search(text)] == []


def test_templates_read_no_keys() -> None:
    for file in INFRA.rglob("*.bicep"):
        assert not re.search(r"list(Keys|Secrets|AccountSas)\(", file.read_text("utf-8")), file


@every_shape
def test_the_keys_that_sign_links_are_made_once_and_read_from_the_vault(name: str) -> None:
    secret = resource(name, "Microsoft.KeyVault/vaults/secrets")
    assert secret["properties"]["value"] == "[parameters('firstLinkKey')]"
    assert settings(name)["MODELGATE_LINK_KEYS"].startswith("[format('@Microsoft.KeyVault(")
    # The evaluation leaves this out, so it is looked for where it is written.
    source = (INFRA / "modules" / "vault.bicep").read_text("utf-8")
    assert "@onlyIfNotExists()\nresource linkKeys 'Microsoft.KeyVault/vaults/secrets@" in source


def test_a_private_network_leaves_storage_and_vault_no_other_way_in() -> None:
    name = "private-network"
    account = resource(name, "Microsoft.Storage/storageAccounts")
    assert account["properties"]["networkAcls"] == {
        "bypass": "AzureServices",
        "defaultAction": "Deny",
    }
    assert resource(name, "Microsoft.KeyVault/vaults")["properties"]["publicNetworkAccess"] == (
        "Disabled"
    )
    reached = {
        (
            connection["properties"]["privateLinkServiceId"].split("/")[-2],
            *connection["properties"]["groupIds"],
        )
        for endpoint in resources(name, "Microsoft.Network/privateEndpoints")
        for connection in endpoint["properties"]["privateLinkServiceConnections"]
    }
    assert reached == {
        ("storageAccounts", "blob"),
        ("storageAccounts", "queue"),
        ("storageAccounts", "table"),
        ("vaults", "vault"),
    }
    zones = {zone["name"] for zone in resources(name, "Microsoft.Network/privateDnsZones")}
    assert len(zones) == 4
    app = resource(name, "Microsoft.Web/sites")["properties"]
    assert app["virtualNetworkSubnetId"].endswith("/subnets/app")
