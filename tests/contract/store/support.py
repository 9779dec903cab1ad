"""Releases of the contract tests, under names that no other test uses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from azure.core.credentials import AzureNamedKeyCredential
from azure.data.tables import AccountSasPermissions, ResourceTypes, generate_account_sas

from dev.storage import Account
from shared.domain.ask import Ask
from shared.domain.decision import Choice, Decision
from shared.domain.evidence import Evidence
from shared.domain.pipeline import Health, ManagedCompute, Pipeline, Stage, Workspace
from shared.domain.release import EventType, ModelVersion, Outcome, Probe, Release, StageState
from shared.domain.trail import Change, begin
from shared.domain.transitions import end_release, move_stage
from shared.ports import Store, Stored

AT = datetime(2026, 11, 2, 9, 0, 0, 123456, tzinfo=UTC)


def pipeline(name: str | None = None) -> Pipeline:
    unique = name or f"pipeline-{uuid4().hex}"
    workspace = Workspace("5b1d-sub", "rg-qa", f"wk-{unique}")
    stage = Stage(
        name="qa-01",
        workspace=workspace,
        model_name=None,
        endpoint="api-qa",
        compute=ManagedCompute("Standard_DS3_v2", 1),
        health=Health(600, 30, {"data": [[1]]}, 200, ["number"], None),
    )
    return Pipeline(unique, workspace, "*", (stage, replace(stage, name="prod", endpoint="api")))


def started(of: Pipeline | None = None, *, version: str | None = None, at: datetime = AT) -> Change:
    return begin(of or pipeline(), ModelVersion("diabetes", version or uuid4().hex), at=at)


def create(store: Store, change: Change | None = None) -> Stored:
    change = change or started()
    assert store.create(release=change.release, events=change.events)
    stored = store.get(release_id=change.release.id)
    assert stored is not None
    return stored


def end(store: Store, stored: Stored, outcome: Outcome = Outcome.REJECTED) -> Stored:
    at = stored.release.created_at + timedelta(hours=1)
    change = Change(end_release(stored.release, outcome, "Ada said no.", at)).noting(
        EventType.ENDED, "over", at=at
    )
    return store.save(stored=stored, release=change.release, events=change.events)


def waiting(release: Release, stage: str = "qa-01", *, at: datetime = AT) -> Release:
    """The release once people are asked at its first stage's gate."""
    ask = Ask(1, at, at + timedelta(days=1), "0" * 64, ("ada@example.com",))
    record = replace(release.stage_named(stage), ask=ask)
    return move_stage(release, record, StageState.WAITING, at)


def decision(release: Release, approver: str = "ada@example.com") -> Decision:
    return Decision(
        release_id=release.id,
        stage="prod",
        ask=1,
        approver=approver,
        choice=Choice.APPROVE,
        comment='Gut so. 👍 "quoted" \\ and\nlines',
        at=AT,
        digest="0" * 64,
    )


def evidence(release: Release, description: str = "Größe 📦") -> Evidence:
    return Evidence(
        release_id=release.id,
        stage="prod",
        ask=1,
        model_type="mlflow_model",
        description=description,
        tags={"area": "diabetes"},
        properties={},
        registered_by=None,
        registered_at=AT,
        file_count=2,
        total_bytes=5_000_000_000_000,
        artefact_digest="1" * 64,
        probes={"qa-01": Probe(200, 0.125, ("slow",))},
        configuration={"compute": {"count": 1, "spot": False, "nothing": None, "share": 0.5}},
    )


def with_sas(account: Account, *, objects_only: bool, deleting: bool = True) -> str:
    """A connection string that may make tables or use them, and perhaps not delete rows."""
    sas = generate_account_sas(
        AzureNamedKeyCredential(account.name, account.key),
        resource_types=ResourceTypes(object=objects_only, service=not objects_only),
        permission=AccountSasPermissions(
            read=True, write=True, delete=deleting, list=True, add=True, update=True
        ),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    return f"TableEndpoint={account.table_endpoint};SharedAccessSignature={sas}"
