"""Nothing that opens a door leaves for an address that an answer names, or by plain HTTP."""

from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from azure.ai.ml.entities._assets import Code

from shared.adapters.artifacts import Artifacts
from shared.adapters.azureml import AzureMlModels, Workspaces
from shared.adapters.egress.credentials import StaticToken
from shared.adapters.events import EventGridPublisher
from shared.adapters.mail import EmailMailer
from shared.adapters.store import TableStore
from shared.domain.addresses import require_safe
from shared.domain.errors import StepError
from shared.domain.pipeline import Workspace
from shared.domain.release import AuditEvent, EventType, ModelVersion, ReleaseId
from shared.ports import Container, Mail
from tests.unit.adapters.recording import Answer, Recorder, Sent
from tests.unit.adapters.support import AT

TOKEN = StaticToken("a-token")
WORKSPACE = Workspace("s", "g", "w")
ELSEWHERE = ("https://elsewhere.example/x", "http://elsewhere.example/x")

elsewhere = pytest.mark.parametrize("address", ELSEWHERE)


@pytest.fixture(autouse=True)
def _cloud_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "AzureCloud")


def redirecting(monkeypatch: pytest.MonkeyPatch, address: str, status: int = 307) -> Recorder:
    """Every service says to come elsewhere."""
    recorder = Recorder(lambda _: (status, {}, {"Location": address}))
    recorder.install(monkeypatch)
    return recorder


def workspaces() -> Workspaces:
    return Workspaces(arm_url="https://management.azure.com", credential=TOKEN)


@elsewhere
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_arms_token_stays_with_arm(
    address: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = redirecting(monkeypatch, address, status)
    with pytest.raises(StepError) as caught:
        AzureMlModels(workspaces=workspaces()).get(
            workspace=WORKSPACE, model=ModelVersion("m", "1")
        )
    assert caught.value.failure.code == f"Http{status}"
    assert recorder.hosts() == {"management.azure.com"}


@elsewhere
def test_the_next_page_is_arms_own(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(lambda _: (200, {"value": [], "nextLink": address}, {}))
    recorder.install(monkeypatch)
    with pytest.raises(StepError) as caught:
        AzureMlModels(workspaces=workspaces()).versions(workspace=WORKSPACE, name="m", limit=5)
    assert caught.value.failure.code == "UnknownAddress"
    assert recorder.hosts() == {"management.azure.com"}


@elsewhere
def test_a_storage_key_signs_nothing_for_elsewhere(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = redirecting(monkeypatch, address)
    artifacts = Artifacts(credential=TOKEN, access="identity", datastore_key=lambda _: "")
    container = Container(WORKSPACE, "d", "https://lake.blob.core.windows.net", "models")
    with pytest.raises(StepError):
        list(artifacts.files(container=container, path="m"))
    tables = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=eA==;EndpointSuffix=x.example"
    with pytest.raises(StepError):
        TableStore(tables=tables, credential=None).get(release_id=ReleaseId("a"))
    assert recorder.hosts() == {"lake.blob.core.windows.net", "a.table.x.example"}


@elsewhere
@pytest.mark.parametrize("key", ["eA==", None])
def test_a_topics_key_and_the_identity_stay_with_it(
    address: str, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = redirecting(monkeypatch, address)
    publisher = EventGridPublisher(endpoint="https://topic.example", key=key, credential=TOKEN)
    event = AuditEvent(ReleaseId("a"), 1, EventType.STARTED, AT, None, "x", "y", {})
    with pytest.raises(StepError):
        publisher.publish(events=[event])
    assert recorder.hosts() == {"topic.example"}


@elsewhere
@pytest.mark.parametrize("key", [";accesskey=eA==", ""])
def test_mails_stay_with_their_service(
    address: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = redirecting(monkeypatch, address)
    service = f"endpoint=https://mail.example{key}" if key else "https://mail.example"
    mailer = EmailMailer(service=service, sender="a@b", credential=TOKEN)
    with pytest.raises(StepError):
        mailer.send(mail=Mail(str(UUID(int=1)), "a@example.com", "s", "t", "<p>t</p>", "a"))
    assert recorder.hosts() == {"mail.example"}


OWN_STORAGE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/lake"


@pytest.mark.parametrize(
    ("host", "is_taken"),
    [
        ("https://lake.blob.core.windows.net", True),
        ("http://lake.blob.core.windows.net", False),
        ("https://pond.blob.core.windows.net", False),
        ("https://lake.blob.core.windows.net.elsewhere.example", False),
        ("https://elsewhere.example", False),
    ],
)
def test_scoring_code_is_uploaded_to_the_workspaces_own_storage(
    host: str, *, is_taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = f"{host}/code?sig=a"

    def answer(sent: Sent) -> Answer:
        path = urlsplit(sent.url).path.lower()
        if path.endswith("/startpendingupload"):
            blob = {"blobUri": signed, "credential": {"credentialType": "SAS", "sasUri": signed}}
            return 200, {"blobReferenceForConsumption": blob}, {}
        if path.endswith("/versions"):
            return 200, {"value": []}, {}
        if path.endswith("/workspaces/w"):
            properties = {"storageAccount": OWN_STORAGE}
            return 200, {"name": "w", "id": "w", "location": "x", "properties": properties}, {}
        return 403, {}, {}

    recorder = Recorder(answer)
    recorder.install(monkeypatch)
    (tmp_path / "score.py").write_text("")
    codes = workspaces().client(WORKSPACE)._code
    if not is_taken:
        with pytest.raises(StepError) as caught:
            codes.create_or_update(Code(name="c", version="1", path=tmp_path))
        assert caught.value.failure.code == "UploadNotAllowed"
        assert recorder.hosts() == {"management.azure.com"}
        return
    with suppress(Exception):  # storage refuses it, which is not what this is about
        codes.create_or_update(Code(name="c", version="1", path=tmp_path))
    assert "lake.blob.core.windows.net" in recorder.hosts()


@pytest.mark.parametrize(
    "address",
    [
        "http://elsewhere.example\\@127.0.0.1/",
        "https://elsewhere.example\\.management.azure.com/",
        "http://127.0.0.1\t.elsewhere.example/",
        "http://127.0.0.1 .elsewhere.example/",
        "http://127.0.0.1\n.elsewhere.example/",
    ],
)
def test_what_clients_read_differently_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="credentials are only sent"):
        require_safe(address)
    assert not workspaces().is_own(address)


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://arm.example/a", True),
        ("https://management.azure.com/a", True),
        ("https://westeurope.management.azure.com/a", True),
        ("https://someone@management.azure.com/a", False),
        ("https://management.usgovcloudapi.net/a", False),
    ],
)
def test_another_way_to_arm_is_its_own_beside_the_clouds(url: str, *, own: bool) -> None:
    assert Workspaces(arm_url="https://arm.example", credential=TOKEN).is_own(url) is own
