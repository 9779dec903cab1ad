"""Puts the service together from its settings: the one importer of adapters."""

import logging
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shared.adapters.artifacts import Artifacts
from shared.adapters.attempts import TableAttempts
from shared.adapters.azureml import (
    AzureMlEndpoints,
    AzureMlModels,
    AzureMlPreflight,
    Workspaces,
)
from shared.adapters.clock import SystemClock
from shared.adapters.clouds import CLOUDS
from shared.adapters.egress.credentials import azure_credential
from shared.adapters.egress.scoring import ScoringAddresses
from shared.adapters.egress.storage import Storage
from shared.adapters.events import EventGridPublisher
from shared.adapters.links import SignedLinks
from shared.adapters.mail import EmailMailer
from shared.adapters.once import Once
from shared.adapters.orchestrations import DurableOrchestrations
from shared.adapters.pacing import MailPace, MailQuota
from shared.adapters.store import TableStore
from shared.adapters.telemetry import OpenTelemetry, mark_with_releases
from shared.config import InvalidSettingsError, Settings, read_settings
from shared.domain.addresses import blob_addresses
from shared.domain.pipeline import Pipeline
from shared.pipelines import load_pipelines
from shared.ports import Mailer, Orchestrations, Publisher, Services
from shared.web.letters import HtmlLetters
from shared.workflow.contract import NEWS, RELEASE
from shared.workflow.measuring import measure

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.durable_functions import SyncDurableFunctionsClient

# at INFO Azure's clients write some thirty lines for every request: nine tenths of the log
logging.getLogger("azure").setLevel(logging.WARNING)


class Application:
    """The service. Settings and pipelines are read when it is made, vendors when first needed."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        """Read settings and pipelines.

        Args:
            environment: The application settings.
            folder: What a relative path of the pipelines' folder starts at.

        Raises:
            InvalidSettingsError: With all that is wrong with the settings, or with what pipelines
                ask of them.
            InvalidPipelinesError: With all that is wrong with the pipelines.
        """
        self._settings = read_settings(environment)
        self._pipelines = load_pipelines(folder / self._settings.pipelines, environment)
        _require_sign_in(self._pipelines, self._settings)
        self._services = Once(self._put_together)

    @property
    def services(self) -> Services:
        """Everything that activities and views use: one bundle for all threads."""
        return self._services()

    def _put_together(self) -> Services:
        settings, telemetry = self._settings, OpenTelemetry()
        mark_with_releases()
        cloud = CLOUDS[settings.cloud]
        credential = azure_credential(client_id=settings.client_id or None, cloud=cloud)
        arm_credential = (
            azure_credential(static_token=settings.arm_token) if settings.arm_token else credential
        )
        workspaces = Workspaces(
            arm_url=settings.arm_url or cloud.arm_url,
            credential=arm_credential,
            cloud=cloud,
            storage=Storage(
                cloud.storage_suffix,
                addresses=blob_addresses(settings.blob_url),
                allowed=_allowed_storage(self._pipelines.values()),
            ),
        )
        models = AzureMlModels(workspaces=workspaces)
        artifacts = Artifacts(
            credential=credential,
            access=settings.workspace_storage,
            datastore_key=models.storage_key,
            most_files=settings.most_files,
        )
        return Services(
            pipelines=self._pipelines,
            models=models,
            endpoints=AzureMlEndpoints(
                workspaces=workspaces,
                scoring=ScoringAddresses(cloud.scoring_suffix, prefix=settings.scoring_url),
            ),
            artifacts=artifacts,
            preflight=AzureMlPreflight(workspaces=workspaces, models=models, artifacts=artifacts),
            store=TableStore(
                tables=settings.tables,
                credential=credential,
                written=partial(measure, telemetry),
            ),
            mailer=_mailer(settings, credential),
            publisher=_publisher(settings, credential),
            links=SignedLinks(keys=settings.link_keys, base_url=settings.address),
            attempts=TableAttempts(tables=settings.tables, credential=credential),
            letters=HtmlLetters(base_url=settings.address),
            clock=SystemClock(),
            telemetry=telemetry,
            sign_in=settings.sign_in == "app-service",
        )


def orchestrations(client: "SyncDurableFunctionsClient") -> Orchestrations:
    """The running side of releases, for one invocation."""
    return DurableOrchestrations(client, orchestrator=RELEASE, news=NEWS)


def _require_sign_in(pipelines: Mapping[str, Pipeline], settings: Settings) -> None:
    """Refuse approvals that nobody could give.

    Raises:
        InvalidSettingsError: A pipeline asks people to sign in, and nothing says who has.
    """
    if settings.sign_in:
        return
    problems = [
        f"MODELGATE_SIGN_IN: is empty, and stage {stage.name} of pipeline {pipeline.name} has "
        "require_sign_in"
        for pipeline in pipelines.values()
        for stage in pipeline.stages
        if stage.approval is not None and stage.approval.require_sign_in
    ]
    if problems:
        raise InvalidSettingsError("\n".join(problems))


def _allowed_storage(pipelines: Iterable[Pipeline]) -> dict[str, set[str]]:
    """The accounts that pipelines allow, by their workspaces' ARM ids in lower case."""
    allowed: dict[str, set[str]] = {}
    for pipeline in pipelines:
        for workspace in pipeline.workspaces:
            allowed.setdefault(workspace.arm_id.casefold(), set()).update(pipeline.storage)
    return allowed


def _mailer(settings: Settings, credential: "TokenCredential") -> Mailer:
    return EmailMailer(
        service=settings.mail,
        sender=settings.mail_sender,
        credential=credential,
        pace=MailPace(
            quota=MailQuota(settings.mail_per_minute, settings.mail_per_hour),
            tables=settings.tables,
            credential=credential,
        ),
    )


def _publisher(settings: Settings, credential: "TokenCredential") -> Publisher | None:
    if not settings.events_endpoint:
        return None
    return EventGridPublisher(
        endpoint=settings.events_endpoint,
        key=settings.events_key or None,
        credential=credential,
    )
