"""A release that waits for an approval, brought there as the workflow does."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from shared.domain.ask import Ask
from shared.domain.decision import Choice, Decision
from shared.domain.evidence import Evidence
from shared.domain.names import person_key
from shared.domain.pipeline import Health, Json, ManagedCompute, Pipeline, Stage, Workspace
from shared.domain.policy import ApprovalPolicy
from shared.domain.release import (
    AuditEvent,
    EventType,
    ModelVersion,
    Outcome,
    Probe,
    Release,
    ReleaseId,
    StageRecord,
    StageState,
)
from shared.domain.trail import Change, begin
from shared.domain.transitions import end_release, move_stage
from shared.ports import Link, Stored
from shared.web.approvals import decide, show_approval
from shared.web.http import Request, Response
from tests.fakes import World

ADA, GRACE = "ada@example.com", "grace@example.com"
MODEL = ModelVersion("diabetes-automl", "31")
DIGEST = "d" * 64
OPERATION = "https://management.azure.com/operations/1?signature=secret"
HOUR = 3600.0

QA = Stage(
    name="qa",
    workspace=Workspace("11111111-qa", "rg-qa", "wk-qa"),
    model_name=None,
    endpoint="api-diabetes-qa",
    compute=ManagedCompute("Standard_DS2_v2", 1),
    health=Health(600, 15, {"data": [[1]]}, 200, {"result": ["number"]}, None),
)
PROD = replace(
    QA,
    name="prod",
    workspace=Workspace("22222222-prod", "rg-prod", "wk-prod"),
    model_name="diabetes-automl-production",
    endpoint="api-diabetes-prod",
    compute=ManagedCompute("Standard_DS3_v2", 2),
    approval=ApprovalPolicy((ADA, GRACE), 24 * HOUR, "Compare the probe with the last version's."),
)
PIPELINE = Pipeline(
    "diabetes", QA.workspace, "diabetes-*", (QA, PROD), owners=("owner@example.com",)
)

CONFIGURATION: dict[str, Json] = {
    "name": "prod",
    "workspace": {
        "subscription_id": "22222222-prod",
        "resource_group": "rg-prod",
        "name": "wk-prod",
    },
    "model_name": "diabetes-automl-production",
    "endpoint": "api-diabetes-prod",
    "compute": {"instance_type": "Standard_DS3_v2", "instance_count": 2},
    "environment_variables": {"API_KEY": "hunter2", "LOG_LEVEL": "info"},
}


@dataclass
class Desk:
    """A world with one release in it."""

    world: World = field(default_factory=lambda: World([PIPELINE]))

    def __post_init__(self) -> None:
        change = begin(PIPELINE, MODEL, at=self.now)
        assert self.world.store.create(release=change.release, events=change.events)
        self.id: ReleaseId = change.release.id

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def stored(self) -> Stored:
        stored = self.world.store.get(release_id=self.id)
        assert stored is not None
        return stored

    @property
    def release(self) -> Release:
        return self.stored.release

    def save(
        self,
        release: Release,
        *,
        events: Sequence[AuditEvent] = (),
        decision: Decision | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self.world.store.save(
            stored=self.stored,
            release=release,
            events=events,
            decision=decision,
            evidence=evidence,
        )

    @property
    def events(self) -> list[AuditEvent]:
        return self.world.store.events(release_id=self.id)

    @property
    def decisions(self) -> list[Decision]:
        return self.world.store.decisions(release_id=self.id)

    def pass_qa(self) -> None:
        """QA has succeeded, with a probe."""
        release = self.release
        record = replace(
            release.stages[0],
            endpoint=QA.endpoint,
            deployment="v31-0badcafe",
            model=MODEL,
            operation=OPERATION,
            probe=Probe(200, 0.0521, ()),
        )
        steps = (
            StageState.DEPLOYING,
            StageState.PROBING,
            StageState.SHIFTING,
            StageState.SUCCEEDED,
        )
        for state in steps:
            release = move_stage(release, record, state, self.now)
            record = release.stages[0]
        self.save(release)

    def ask(self, **evidence: object) -> None:
        """PROD waits for Ada or Grace; once more when it waits already."""
        release = self.release
        old = release.stages[1].ask
        number = old.number + 1 if old else 1
        ask = Ask(
            number=number,
            asked_at=self.now,
            expires_at=self.now + timedelta(hours=24),
            digest=DIGEST if number == 1 else f"{number}" * 64,
            approvers=(ADA, GRACE),
            mailed=(ADA,),
        )
        record = replace(release.stages[1], ask=ask, waits_for=f"the approval of {ADA} or {GRACE}")
        release = move_stage(release, record, StageState.WAITING, self.now)
        self.save(release, evidence=evidence_of(release, number, **evidence))

    def token(self, approver: str = ADA, *, ask: int = 1, stage: str = "prod") -> str:
        url = self.world.links.url(link=Link(self.id, stage, ask, person_key(approver)))
        return url.rpartition("/")[2]

    def update(self, record: StageRecord) -> None:
        self.save(self.release.with_stage(record))

    def end(self, outcome: Outcome, reason: str) -> None:
        change = Change(end_release(self.release, outcome, reason, self.now)).noting(
            EventType.ENDED, f"{outcome}: {reason}", at=self.now
        )
        self.save(change.release, events=change.events)

    def decided(self, approver: str, choice: Choice, comment: str = "") -> Decision:
        decision = Decision(self.id, "prod", 1, approver, choice, comment, self.now, DIGEST)
        self.save(self.release, decision=decision)
        return decision


def waiting(**evidence: object) -> Desk:
    """A release whose PROD waits for an approval."""
    desk = Desk()
    desk.pass_qa()
    desk.ask(**evidence)
    return desk


def evidence_of(release: Release, number: int = 1, **fields: object) -> Evidence:
    plain = Evidence(
        release_id=release.id,
        stage="prod",
        ask=number,
        model_type="custom_model",
        description="Gradient boosting on the diabetes data.",
        tags={"area": "diabetes"},
        properties={"r2_score": "0.52"},
        registered_by="data.scientist@example.com",
        registered_at=datetime(2026, 11, 2, 8, 30, tzinfo=UTC),
        file_count=3,
        total_bytes=5_242_880,
        artefact_digest="a" * 64,
        probes={"qa": Probe(200, 0.0521, ())},
        configuration=dict(CONFIGURATION),
    )
    return replace(plain, **fields)  # type: ignore[arg-type] # names are checked there


def posting(token: str, **form: str) -> Request:
    """What a browser sends from the page's form."""
    fields = {"digest": DIGEST, "comment": ""} | form
    return Request(
        method="POST",
        params={"token": token},
        form=fields,
        body=urlencode(fields).encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )


def getting(token: str, method: str = "GET") -> Request:
    return Request(method=method, params={"token": token})


def sending(value: object, **params: str) -> Request:
    """A POST of JSON."""
    return Request(
        method="POST",
        params=params,
        body=json.dumps(value).encode(),
        headers={"content-type": "application/json; charset=utf-8"},
    )


def document(response: Response) -> dict[str, Any]:
    """The JSON of a response."""
    value = json.loads(response.body)
    assert isinstance(value, dict)
    return value


def page(response: Response) -> str:
    """The HTML of a response, on one line so that sentences can be found in it."""
    assert response.content_type == "text/html; charset=utf-8"
    assert isinstance(response.body, str)
    return " ".join(response.body.split())


def look(desk: Desk, token: str | None = None) -> Response:
    """Open the link."""
    return show_approval(desk.world.services, getting(token or desk.token()))


def say(desk: Desk, decision: str, token: str | None = None, **form: str) -> Response:
    """Send the page's form."""
    request = posting(token or desk.token(), decision=decision, **form)
    return decide(desk.world.services, request, desk.world.orchestrations)
