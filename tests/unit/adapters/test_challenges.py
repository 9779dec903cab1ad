"""A service that asks for a token for something else, or for somebody else's tenant, gets none."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError

from shared.adapters.artifacts import Artifacts
from shared.adapters.azureml import AzureMlModels, Workspaces
from shared.adapters.blobs import Blobs
from shared.adapters.egress.credentials import STORAGE_SCOPE, FixedScope
from shared.adapters.events import EventGridPublisher
from shared.adapters.mail import EmailMailer
from shared.adapters.store import TableStore
from shared.domain.errors import StepError
from shared.domain.pipeline import Workspace
from shared.domain.release import AuditEvent, EventType, ModelVersion, ReleaseId
from shared.ports import Container, Mail
from tests.unit.adapters.recording import Recorder
from tests.unit.adapters.support import AT

ARM = "https://management.azure.com"
EVIL = "https://login.microsoftonline.com/evil"
WORKSPACE = Workspace("s", "g", "w")


@dataclass
class Asked:
    """A credential that remembers what it was asked for."""

    scopes: set[tuple[str, ...]] = field(default_factory=set)
    tenants: set[str | None] = field(default_factory=set)

    def get_token(self, *scopes: str, tenant_id: str | None = None, **_: object) -> AccessToken:
        self.scopes.add(scopes)
        self.tenants.add(tenant_id)
        return AccessToken(f"a token for {scopes[0]}", 2**31)


def blobs(credential: Asked) -> None:
    container = Container(WORKSPACE, "d", "https://lake.blob.core.windows.net", "models")
    artifacts = Artifacts(credential=credential, access="identity", datastore_key=lambda _: "")
    list(artifacts.files(container=container, path="m"))


def delegation(credential: Asked) -> None:
    container = Container(WORKSPACE, "d", "https://lake.blob.core.windows.net", "models")
    opened = Blobs(credential=credential, access="identity", datastore_key=lambda _: "")
    opened.signed_url(container, "m")


def tables(credential: Asked) -> None:
    store = TableStore(tables="https://a.table.core.windows.net", credential=credential)
    store.get(release_id=ReleaseId("a"))


def mail(credential: Asked) -> None:
    mailer = EmailMailer(service="https://mail.example", sender="a@b", credential=credential)
    mailer.send(mail=Mail(str(UUID(int=1)), "a@example.com", "s", "t", "<p>t</p>", "a"))


def topic(credential: Asked) -> None:
    event = AuditEvent(ReleaseId("a"), 1, EventType.STARTED, AT, None, "x", "y", {})
    publisher = EventGridPublisher(endpoint="https://topic.example", credential=credential)
    publisher.publish(events=[event])


def arm(credential: Asked) -> None:
    workspaces = Workspaces(arm_url=ARM, credential=credential)
    AzureMlModels(workspaces=workspaces).get(workspace=WORKSPACE, model=ModelVersion("m", "1"))


@pytest.mark.parametrize(
    ("call", "scope"),
    [
        (blobs, STORAGE_SCOPE),
        (delegation, STORAGE_SCOPE),
        (tables, STORAGE_SCOPE),
        (mail, "https://communication.azure.com//.default"),
        (topic, "https://eventgrid.azure.net/.default"),
        (arm, f"{ARM}/.default"),
    ],
)
@pytest.mark.parametrize(
    "challenge",
    [
        f"Bearer authorization_uri={EVIL}/oauth2/authorize resource_id=https://vault.azure.net",
        f"Bearer authorization_uri={EVIL}/oauth2/authorize resource_id={ARM}",
        f"Bearer authorization_uri={EVIL}/oauth2/authorize resource_id=https://storage.azure.com",
        f'Bearer authorization="{EVIL}", resource="{ARM}", scope="https://vault.azure.net/.default"',
    ],
)
def test_only_one_kind_of_token_is_asked_for(
    call: Callable[[Asked], None], scope: str, challenge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "AzureCloud")
    recorder = Recorder(lambda _: (401, {}, {"WWW-Authenticate": challenge}))
    recorder.install(monkeypatch)
    credential = Asked()
    with pytest.raises((StepError, AzureError)):
        call(credential)
    assert credential.scopes == {(scope,)}
    assert credential.tenants == {None}
    sent = {request.headers.get("authorization") for request in recorder.sent}
    assert sent <= {f"Bearer a token for {scope}", None}


def test_another_scope_is_refused_in_words() -> None:
    credential = Asked()
    with pytest.raises(StepError, match="asks for one for"):
        FixedScope(credential, STORAGE_SCOPE).get_token("https://vault.azure.net/.default")
    assert not credential.scopes
