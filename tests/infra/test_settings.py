"""What Bicep sets is what the app reads, and the app starts with it."""

import re

import pytest

from dev.tools.bicep import ROOT
from shared.config import Settings, read_settings
from shared.pipelines import load_pipelines
from tests.infra.evaluated import DEPLOYMENTS, resource, resources, settings
from tests.samples import sample

NOT_ON_AZURE = {
    "AzureWebJobsStorage": "by identity instead: AzureWebJobsStorage__credential and so on",
    "FUNCTIONS_WORKER_RUNTIME": "Flex Consumption has it in functionAppConfig, and refuses it here",
    "MODELGATE_ARM_TOKEN": "for an emulator",
    "MODELGATE_ARM_URL": "the cloud's own by default",
    "MODELGATE_BASE_URL": "Azure's own host name by default",
    "MODELGATE_BLOB_URL": "for an emulator, and for accounts in DNS zones",
    "MODELGATE_MOST_FILES": "the default is for every model that is known; set it on the app",
    "MODELGATE_SCORING_URL": "for an emulator",
    "MODELGATE_EVENTS_KEY": "a secret; the identity sends instead",
}
ONLY_ON_AZURE = {
    "OTEL_TRACES_SAMPLER": "releases are few, and one that is looked for should be there",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "host and worker send telemetry by identity",
    "AzureWebJobsStorage__blobServiceUri": "the host's storage, by identity",
    "AzureWebJobsStorage__clientId": "the host's storage, by identity",
    "AzureWebJobsStorage__credential": "the host's storage, by identity",
    "AzureWebJobsStorage__queueServiceUri": "the host's storage, by identity",
    "AzureWebJobsStorage__tableServiceUri": "the host's storage, by identity",
}
BY_SHAPE = {
    "sign-in": {"OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"},
    "durable-task-scheduler": {
        "AzureFunctionsJobHost__extensions__durableTask__hubName",
        "AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName",
        "AzureFunctionsJobHost__extensions__durableTask__storageProvider__type",
        "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    },
}
AS_AZURE_WOULD = {
    "primaryEndpoints.blob": "https://sttoken.blob.core.windows.net/",
    "primaryEndpoints.queue": "https://sttoken.queue.core.windows.net/",
    "primaryEndpoints.table": "https://sttoken.table.core.windows.net/",
    "hostName": "https://acs-token.europe.communication.azure.com",
    "mailFromSenderDomain": "DoNotReply@5f0e.azurecomm.net",
    "vaultUri": "0123456789abcdef" * 4,
    "endpoint": "https://evgt-token.westeurope-1.eventgrid.azure.net/api/events",
    "environment()": "AzureCloud",
    "clientId": "44444444-4444-4444-4444-444444444444",
    "ConnectionString": "InstrumentationKey=5f0e;IngestionEndpoint=https://in.example/",
}
"""What Azure answers for the references in settings; the vault's, once resolved, is a key."""


def resolved(name: str) -> dict[str, str]:
    """A shape's settings as the app would find them."""
    found = {}
    for setting, text in settings(name).items():
        endings = [each for each in AS_AZURE_WOULD if re.search(rf"[.[]{re.escape(each)}\W", text)]
        found[setting] = AS_AZURE_WOULD[endings[0]] if text.startswith("[") else text
    return found


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_bicep_sets_what_the_sample_lists(name: str) -> None:
    expected = (set(sample()) - set(NOT_ON_AZURE)) | set(ONLY_ON_AZURE) | BY_SHAPE.get(name, set())
    assert set(settings(name)) == expected


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_app_starts_with_them(name: str) -> None:
    environment = resolved(name)
    read = read_settings({**environment, "WEBSITE_HOSTNAME": "func-token.azurewebsites.net"})
    assert read.address == "https://func-token.azurewebsites.net"
    assert read.client_id == AS_AZURE_WOULD["clientId"]
    assert read.tables == AS_AZURE_WOULD["primaryEndpoints.table"]
    pipeline = load_pipelines(ROOT / "pipelines", environment)["diabetes"]
    assert pipeline.source.name == "wk-qa"
    assert pipeline.stages[1].workspace.name == "wk-prod"


def test_what_is_left_out_has_a_default() -> None:
    needed = {field.alias for field in Settings.model_fields.values() if field.is_required()}
    assert needed & set(NOT_ON_AZURE) == {"MODELGATE_BASE_URL"}


def test_mail_is_paced_as_the_domain_allows() -> None:
    azures, own = settings("default"), settings("own-mail-domain")
    limits = ["MODELGATE_MAIL_PER_MINUTE", "MODELGATE_MAIL_PER_HOUR"]
    assert [azures[limit] for limit in limits] == ["5", "10"]
    assert [own[limit] for limit in limits] == ["30", "100"]


SENDER = "Microsoft.Communication/emailServices/domains/senderUsernames"


def test_mail_comes_from_the_sender_that_every_domain_has_unless_told_otherwise() -> None:
    own, named = settings("own-mail-domain"), settings("own-mail-sender")
    assert own["MODELGATE_MAIL_SENDER"] == "DoNotReply@mail.example.com"
    assert resources("own-mail-domain", SENDER) == []
    assert named["MODELGATE_MAIL_SENDER"] == "modelgate@mail.example.com"
    assert resource("own-mail-sender", SENDER)["properties"]["username"] == "modelgate"


def test_signing_in_is_believed_only_where_it_is_set_up() -> None:
    for name in DEPLOYMENTS:
        is_set_up = name == "sign-in"
        assert settings(name)["MODELGATE_SIGN_IN"] == ("app-service" if is_set_up else "")
    signing = resource("sign-in", "Microsoft.Web/sites/config", "/authsettingsV2")["properties"]
    assert signing["globalValidation"]["unauthenticatedClientAction"] == "AllowAnonymous"
    registration = signing["identityProviders"]["azureActiveDirectory"]["registration"]
    secret = registration["clientSecretSettingName"]
    assert settings("sign-in")[secret] == settings("sign-in")["AZURE_CLIENT_ID"]


def test_another_prod_subscription_is_told_to_the_pipelines() -> None:
    assert settings("prod-elsewhere")["PROD_SUBSCRIPTION_ID"].startswith("3333")
    assert settings("prod-elsewhere")["QA_SUBSCRIPTION_ID"].startswith("1111")


def test_no_worker_setting_that_flex_consumption_refuses() -> None:
    refused = {
        "FUNCTIONS_WORKER_RUNTIME",
        "FUNCTIONS_EXTENSION_VERSION",
        "WEBSITE_RUN_FROM_PACKAGE",
    }
    for name in DEPLOYMENTS:
        assert not refused & set(settings(name))
        app = resource(name, "Microsoft.Web/sites")["properties"]["functionAppConfig"]
        python = (ROOT / ".python-version").read_text("utf-8").strip()
        assert python.startswith(app["runtime"]["version"])
