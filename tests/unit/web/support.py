"""A release that waits for an approval, brought there as the workflow does."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.ask import Ask
from shared.domain.decision import Choice, Decision
from shared.domain.evidence import Evidence
from shared.domain.pipeline import Health, Json, ManagedCompute, Pipeline, Stage, Workspace
from shared.domain.policy import ApprovalPolicy, of_people
from shared.domain.release import (
    AuditEvent,
    EventType,
    ModelVersion,
    Outcome,
    Probe,
    Release,
    ReleaseId,
    StageState,
)
from shared.domain.trail import Change, begin
from shared.domain.transitions import end_release, move_stage
from shared.ports import DIGEST_LENGTH, Link, Stored
from tests.fakes import World

ADA, GRACE, LIN = "ada@example.com", "grace@example.com", "lin@example.com"
MODEL = ModelVersion("diabetes-automl", "31")
DIGEST = "d" * 64
OPERATION = "https://management.azure.com/operations/1?signature=secret"
HOUR = 3600.0

POLICY = replace(
    of_people(ADA, GRACE, timeout_seconds=24 * HOUR),
    instructions="Compare the probe with the last version's.",
)
"""The first answer of Ada or Grace decides."""

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
    approval=POLICY,
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
    model: ModelVersion = MODEL

    def __post_init__(self) -> None:
        change = begin(PIPELINE, self.model, at=self.now)
        release = replace(change.release, registered_at=self.now)
        assert self.world.store.create(release=release, events=change.events)
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

    @property
    def asked(self) -> Ask:
        """The newest ask of PROD."""
        ask = self.release.stages[1].ask
        assert ask is not None
        return ask

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
            model=self.model,
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

    def ask(self, policy: ApprovalPolicy = POLICY, **evidence: object) -> None:
        """PROD waits for people; once more when it waits already."""
        release = self.release
        old = release.stages[1].ask
        number = old.number + 1 if old else 1
        above = policy.escalation.to if policy.escalation else ()
        roster = [*policy.approvers, *(each.to for each in policy.delegations), *above, LIN]
        ask = Ask(
            number=number,
            asked_at=self.now,
            expires_at=self.now + timedelta(seconds=policy.timeout_seconds),
            digest=DIGEST if number == 1 else f"{number}" * 64,
            approvers=policy.approvers,
            policy=policy,
            roster=tuple(dict.fromkeys(roster)),
            mailed=(f"request-0 {policy.approvers[0]}",),
            probed_at=self.now,
        )
        people = " or ".join(policy.approvers)
        record = replace(release.stages[1], ask=ask, waits_for=f"the approval of {people}")
        release = move_stage(release, record, StageState.WAITING, self.now)
        self.save(release, evidence=evidence_of(release, number, **evidence))

    def link(self, person: str = ADA, **fields: Any) -> Link:  # noqa: ANN401 (fields of links)
        ask = self.asked
        link = Link(
            release_id=self.id,
            stage=1,
            ask=ask.number,
            series=ask.series,
            person=ask.roster.index(person),
            digest=ask.digest[:DIGEST_LENGTH],
        )
        return replace(link, **fields)

    def token(self, person: str = ADA, **fields: Any) -> str:  # noqa: ANN401 (fields of links)
        url = self.world.links.url(link=self.link(person, **fields))
        return url.rpartition("/")[2]

    def code(self, person: str = ADA) -> str:
        return self.world.links.code(link=self.link(person))

    def update(self, **fields: Any) -> None:  # noqa: ANN401 (fields of asks)
        """Change the ask, as the workflow does."""
        record = replace(self.release.stages[1], ask=replace(self.asked, **fields))
        self.save(self.release.with_stage(record))

    def begin_prod(self) -> None:
        """The approval is used up and PROD goes on."""
        record = replace(
            self.release.stages[1],
            ask=replace(self.asked, used=True),
            workspace=PROD.workspace,
            waits_for="deployment v31-0badcafe",
        )
        self.save(move_stage(self.release, record, StageState.COPYING, self.now))

    def end(self, outcome: Outcome, reason: str) -> None:
        change = Change(end_release(self.release, outcome, reason, self.now)).noting(
            EventType.ENDED, f"{outcome}: {reason}", at=self.now
        )
        self.save(change.release, events=change.events)

    def decided(self, approver: str, choice: Choice, comment: str = "") -> Decision:
        decision = Decision(self.id, "prod", 1, approver, choice, comment, self.now, DIGEST)
        self.save(self.release, decision=decision)
        return decision


def waiting(policy: ApprovalPolicy = POLICY, **evidence: object) -> Desk:
    """A release whose PROD waits for an approval."""
    desk = Desk()
    desk.pass_qa()
    desk.ask(policy, **evidence)
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
