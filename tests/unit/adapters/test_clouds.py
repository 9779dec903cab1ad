"""Where requests go in each cloud, and what their tokens are for: seen in what is sent."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from azure.ai.ml._azure_environments import _environments
from azure.identity import AzureAuthorityHosts

from shared.adapters.clouds import CHINA, CLOUDS, PUBLIC, US_GOVERNMENT, Cloud
from shared.adapters.egress import http
from shared.adapters.egress.credentials import azure_credential
from shared.adapters.egress.http import HttpAnswer
from shared.adapters.mail import EmailMailer
from shared.bootstrap import Application
from shared.config import Settings
from shared.domain.errors import StepError
from shared.domain.pipeline import Stage
from shared.domain.release import AuditEvent, EventType, ModelVersion, ReleaseId
from shared.ports import Container, Mail, Services
from tests.structure.source import ROOT
from tests.unit.adapters.recording import Answer, Recorder, Sent
from tests.unit.adapters.support import AT, SETTINGS

TENANT = "11111111-2222-3333-4444-555555555555"
SIGNED_IN = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "developer", "AZURE_CLIENT_SECRET": "x"}
STORAGE = "https://storage.azure.com/.default"

clouds = pytest.mark.parametrize("cloud", list(CLOUDS.values()), ids=list(CLOUDS))


def azure(cloud: Cloud, **datastore: str | None) -> Callable[[Sent], Answer]:
    """Entra ID that gives a token of the scope's name, and an ARM with one endpoint."""
    authority = cloud.authority + f"/{TENANT}"

    def answer(sent: Sent) -> Answer:
        path = urlsplit(sent.url).path
        if path.endswith("/openid-configuration"):
            document = {"issuer": f"{authority}/v2.0", "tenant_discovery_endpoint": sent.url}
            ends = {"token_endpoint": "token", "authorization_endpoint": "authorize"}
            return 200, document | {k: f"{authority}/oauth2/v2.0/{v}" for k, v in ends.items()}, {}
        if path.endswith("/token"):
            token = {"access_token": sent.form["scope"], "token_type": "Bearer", "expires_in": 3600}
            return 200, token, {}
        if path.endswith("/onlineEndpoints/ep"):
            uri = f"https://ep.westeurope.{cloud.scoring_suffix}/score"
            properties = {"authMode": "AADToken", "scoringUri": uri}
            return 200, {"name": "ep", "location": "x", "properties": properties}, {}
        if path.endswith("/datastores"):
            lake: dict[str, object] = {
                "datastoreType": "AzureDataLakeGen2",
                "accountName": "lake",
                "filesystem": "models",
                "credentials": {"credentialsType": "None"},
                "isDefault": True,
                **datastore,
            }
            return 200, {"value": [{"name": "lake", "id": "x", "properties": lake}]}, {}
        if "/workspaces/" in path and path.count("/") == 8:
            own = {"storageAccount": "/subscriptions/s/storageAccounts/lake"}
            return 200, {"name": "w", "id": "w", "location": "West Europe", "properties": own}, {}
        return 404, {"error": {"code": "NotFound", "message": "no"}}, {}

    return answer


@pytest.fixture(autouse=True)
def _one_cloud_at_a_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """azure-ai-ml notes its cloud in the environment of the process."""
    monkeypatch.delenv("AZUREML_CURRENT_CLOUD", raising=False)
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "login.elsewhere.example")
    for name, value in SIGNED_IN.items():
        monkeypatch.setenv(name, value)
    yield
    os.environ.pop("AZUREML_CURRENT_CLOUD", None)


def services(cloud: Cloud, **more: str) -> Services:
    own = {
        "MODELGATE_CLOUD": cloud.name,
        "MODELGATE_TABLES": f"https://modelgate.table.{cloud.storage_suffix}",
        "MODELGATE_EVENTS_KEY": "",
    }
    return Application(SETTINGS | own | more, ROOT).services


def record_exchanges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Address and Authorization header of what would be exchanged by our own HTTP."""
    asked: list[tuple[str, str]] = []

    def exchange(_: str, url: str, *, headers: dict[str, str], **__: object) -> HttpAnswer:
        asked.append((url, headers["Authorization"]))
        return HttpAnswer(200, b"[]")

    monkeypatch.setattr(http, "exchange", exchange)
    return asked


def qa(services: Services) -> Stage:
    return next(iter(services.pipelines.values())).stages[0]


def tokens(recorder: Recorder) -> dict[str, str]:
    """What the token was for, by the host that it was sent to."""
    return {
        sent.host: sent.headers["authorization"].removeprefix("Bearer ")
        for sent in recorder.sent
        if "authorization" in sent.headers
    }


def test_the_clouds_are_as_microsofts_packages_know_them() -> None:
    known = {
        name: (
            values["resource_manager"].rstrip("/"),
            values["active_directory"].rstrip("/"),
            values["aml_resource_id"].rstrip("/"),
            values["storage_endpoint"],
        )
        for name, values in _environments.items()
        if name.startswith("Azure")
    }
    assert known == {
        cloud.name: (cloud.arm_url, cloud.authority, cloud.ml_audience, cloud.storage_suffix)
        for cloud in CLOUDS.values()
    }
    hosts = {PUBLIC: "AZURE_PUBLIC_CLOUD", US_GOVERNMENT: "AZURE_GOVERNMENT", CHINA: "AZURE_CHINA"}
    for cloud, name in hosts.items():
        assert cloud.authority == f"https://{getattr(AzureAuthorityHosts, name)}"


def test_the_page_says_what_the_code_does() -> None:
    rows = [
        f"| `{name}` | {urlsplit(cloud.arm_url).hostname} | {urlsplit(cloud.authority).hostname} "
        f"| {cloud.ml_audience} | {cloud.storage_suffix} |"
        for name, cloud in CLOUDS.items()
    ]
    assert "\n".join(rows) in (ROOT / "docs" / "clouds.md").read_text("utf-8")


def test_every_cloud_can_be_set() -> None:
    for name in CLOUDS:
        assert Settings.model_validate(SETTINGS | {"MODELGATE_CLOUD": name}).cloud == name


@clouds
def test_azure_ml(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(azure(cloud))
    recorder.install(monkeypatch)
    there = services(cloud)
    workspace = qa(there).workspace
    assert there.models.get(workspace=workspace, model=ModelVersion("m", "1")) is None
    authority, arm = urlsplit(cloud.authority).hostname, urlsplit(cloud.arm_url).hostname
    assert recorder.hosts() == {authority, arm}
    assert tokens(recorder) == {arm: f"{cloud.arm_url}/.default"}


@clouds
def test_an_endpoint_with_entra_authentication(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(azure(cloud))
    recorder.install(monkeypatch)
    asked = record_exchanges(monkeypatch)
    there = services(cloud)
    stage = replace(qa(there), endpoint="ep")
    with pytest.raises(StepError, match="EntraTokenNotAllowed"):
        there.endpoints.score(stage=stage, deployment=None, body=1, timeout_seconds=1)
    stage = replace(stage, allow_entra_token=True)
    there.endpoints.score(stage=stage, deployment=None, body=1, timeout_seconds=1)
    url = f"https://ep.westeurope.{cloud.scoring_suffix}/score"
    assert asked == [(url, f"Bearer {cloud.ml_audience}/.default")]


@clouds
@pytest.mark.parametrize("endpoint", [None, "core"])
def test_a_datastore_lies_in_the_clouds_storage(
    cloud: Cloud, endpoint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = endpoint and cloud.storage_suffix
    Recorder(azure(cloud, endpoint=said, protocol="http")).install(monkeypatch)
    there = services(cloud)
    container = there.models.default_container(workspace=qa(there).workspace)
    assert container.account_url == f"https://lake.blob.{cloud.storage_suffix}"


@clouds
@pytest.mark.parametrize(
    "datastore", [{"endpoint": "core.example.net"}, {"accountName": "pond"}], ids=str
)
def test_a_datastore_that_lies_elsewhere_gets_no_token(
    cloud: Cloud, datastore: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(azure(cloud, **datastore))
    recorder.install(monkeypatch)
    there = services(cloud)
    with pytest.raises(StepError, match="StorageNotAllowed"):
        there.models.default_container(workspace=qa(there).workspace)
    assert tokens(recorder) == {urlsplit(cloud.arm_url).hostname: f"{cloud.arm_url}/.default"}


@clouds
def test_storage_mail_and_events(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage has one audience everywhere; the clients of mail and events know the public one."""
    recorder = Recorder(azure(cloud))
    recorder.install(monkeypatch)
    there = services(cloud)
    blobs = f"lake.blob.{cloud.storage_suffix}"
    container = Container(qa(there).workspace, "d", f"https://{blobs}", "models")
    with suppress(StepError):
        list(there.artifacts.files(container=container, path="m"))
    with suppress(StepError):
        there.store.get(release_id=ReleaseId("a"))
    event = AuditEvent(ReleaseId("a"), 1, EventType.STARTED, AT, None, "x", "y", {})
    with suppress(StepError):
        assert there.publisher
        there.publisher.publish(events=[event])
    mailer = EmailMailer(
        service="https://mail.example", sender="a@b", credential=azure_credential(cloud=cloud)
    )
    with suppress(StepError):
        mailer.send(mail=Mail(str(UUID(int=1)), "a@example.com", "s", "t", "<p>t</p>", "a"))
    assert urlsplit(cloud.authority).hostname in recorder.hosts()
    assert tokens(recorder) == {
        blobs: STORAGE,
        f"modelgate.table.{cloud.storage_suffix}": STORAGE,
        "topic.example": "https://eventgrid.azure.net/.default",
        "mail.example": "https://communication.azure.com//.default",
    }


def test_another_way_to_arm_has_the_clouds_token(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(azure(US_GOVERNMENT))
    recorder.install(monkeypatch)
    there = services(US_GOVERNMENT, MODELGATE_ARM_URL="https://arm.example/")
    assert there.models.get(workspace=qa(there).workspace, model=ModelVersion("m", "1")) is None
    assert tokens(recorder) == {"arm.example": f"{US_GOVERNMENT.arm_url}/.default"}
