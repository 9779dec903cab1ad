"""A pipeline of two stages in a world of fakes, people who decide, and what is left at the end."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from shared.domain.decision import Choice, Decision
from shared.domain.pipeline import Health, ManagedCompute, Pipeline, Stage, Workspace
from shared.domain.policy import of_people
from shared.domain.release import EventType, ModelVersion, Release, ReleaseId
from shared.domain.trail import Change, begin
from tests.fakes import World

ADA, BOB, OWNER = "ada@example.com", "bob@example.com", "olga@example.com"
QA = Workspace("5b1d", "rg-qa", "wk-qa")
PROD = Workspace("77aa", "rg-prod", "wk-prod")
HEALTH = Health(600, 15, [[1, 2]], 200, ["number"], 1.0)
COMPUTE = ManagedCompute("Standard_DS3_v2", 1)

QA_STAGE = Stage("qa", QA, None, "api-qa", COMPUTE, HEALTH)
POLICY = of_people(ADA, BOB, timeout_seconds=86400.0)
PROD_STAGE = Stage(
    "prod",
    PROD,
    "diabetes-production",
    "api-prod",
    COMPUTE,
    HEALTH,
    approval=POLICY,
)
PIPELINE = Pipeline("diabetes", QA, "diabetes", (QA_STAGE, PROD_STAGE), owners=(OWNER,))


def with_stage(stage: Stage) -> Pipeline:
    """The pipeline with one stage replaced."""
    stages = tuple(stage if old.name == stage.name else old for old in PIPELINE.stages)
    return replace(PIPELINE, stages=stages)


@dataclass
class Releasing:
    """A world with the pipeline; releases begin as the intake begins them."""

    world: World = field(default_factory=lambda: World((PIPELINE,)))

    def begin(
        self,
        version: str = "3",
        *,
        files: int = 1,
        name: str = "diabetes",
        requested_by: str | None = None,
        registered_by: str | None = "grace@example.com",
    ) -> ReleaseId:
        """Register a model version and reserve its release."""
        model, now = ModelVersion(name, version), self.world.clock.now()
        registered = self.world.models.add(
            QA, model, tags={"area": "health"}, created_by=registered_by, at=now
        )
        for number in range(files):
            name = registered.path if files == 1 else f"{registered.path}/file-{number}"
            self.world.artifacts.write(registered.container, name)
        change = begin(PIPELINE, model, at=now, requested_by=requested_by)
        assert self.world.store.create(release=change.release, events=change.events)
        return change.release.id

    def serve(self, stage: Stage, deployment: str = "v2-old") -> None:
        """Let a deployment of an earlier release have the stage's traffic."""
        endpoints, model = self.world.endpoints, ModelVersion("diabetes", "2")
        self.world.models.add(stage.workspace, model)
        endpoints.begin_create(stage=stage, tags={})
        tags = {"modelgate-release": "diabetes-2-0123456789"}
        endpoints.begin_deploy(stage=stage, deployment=deployment, model=model, tags=tags)
        endpoints.begin_traffic(stage=stage, traffic={deployment: 100})
        assert self.deployments(stage) == [deployment]
        endpoints.calls.clear()

    def release(self, release_id: ReleaseId) -> Release:
        stored = self.world.store.get(release_id=release_id)
        assert stored is not None
        return stored.release

    def write(self, release_id: ReleaseId, change: Change, **more: Any) -> None:  # noqa: ANN401
        stored = self.world.store.get(release_id=release_id)
        assert stored is not None
        self.world.store.save(stored=stored, release=change.release, events=change.events, **more)

    def decide(
        self,
        release_id: ReleaseId,
        choice: Choice,
        by: str = ADA,
        **more: Any,  # noqa: ANN401 - fields of a decision
    ) -> None:
        """Answer the open ask, as the decision page does."""
        release, now = self.release(release_id), self.world.clock.now()
        stage = release.stage
        assert stage is not None
        assert stage.ask is not None
        earlier = [
            each
            for each in self.world.store.decisions(release_id=release_id)
            if (each.stage, each.ask) == (stage.name, stage.ask.number)
        ]
        decision = Decision(
            release_id,
            stage.name,
            stage.ask.number,
            by,
            choice,
            "seen",
            max([now, *(each.at + timedelta(microseconds=1) for each in earlier)]),
            stage.ask.digest,
            revision=1 + sum(each.approver == by for each in earlier),
            **more,
        )
        change = Change(release).noting(EventType.DECIDED, choice, at=now, actor=by)
        self.write(release_id, change, decision=decision)

    def abort(self, release_id: ReleaseId) -> None:
        """Ask for the release's end, as the HTTP route does."""
        release = replace(self.release(release_id), abort_requested_by=BOB)
        at = self.world.clock.now()
        change = Change(release).noting(EventType.ABORT_REQUESTED, "stop", at=at, actor=BOB)
        self.write(release_id, change)

    def approves(self, release_id: ReleaseId) -> "Approves":
        """People who approve whenever they are asked."""
        return Approves(self, release_id)

    def traffic(self, stage: Stage) -> Mapping[str, int]:
        endpoint = self.world.endpoints.get(stage=stage)
        return {} if endpoint is None else {n: p for n, p in endpoint.traffic.items() if p}

    def deployments(self, stage: Stage) -> list[str]:
        """The deployments, once all that was begun has ended."""
        while self.world.endpoints.under_way():
            self.world.endpoints.pass_time()
        return sorted(found.name for found in self.world.endpoints.deployments(stage=stage))

    def trail(self, release_id: ReleaseId) -> Counter[str]:
        """How often each kind of event happened; the numbers have no gaps."""
        events = self.world.store.events(release_id=release_id)
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        assert self.release(release_id).last_event == len(events)
        return Counter(event.type.value for event in events)

    def message(self, release_id: ReleaseId, type_: EventType) -> str:
        """What the newest event of a kind says."""
        events = self.world.store.events(release_id=release_id)
        return [event.message for event in events if event.type is type_][-1]

    def left_behind(self, release_id: ReleaseId) -> dict[str, Any]:
        """All that a release leaves behind, but for when it happened."""
        release = self.release(release_id)
        published = self.world.publisher.published
        numbers = [event.number for event in published if event.release_id == release_id]
        return {
            "outcome": (release.outcome, release.reason),
            "stages": [
                (stage.state, stage.model, stage.deployment, stage.waits_for)
                for stage in release.stages
            ],
            "trail": self.trail(release_id),
            "traffic": [self.traffic(stage) for stage in PIPELINE.stages],
            "deployments": [self.deployments(stage) for stage in PIPELINE.stages],
            "models": sorted(
                (workspace, model.name, model.version)
                for workspace, model in self.world.models.registered
            ),
            "mails": Counter((mail.to, mail.subject) for mail in self.world.mailer.sent),
            "published": sorted(set(numbers)),
            "open": list(self.world.store.open_releases()),
        }


@dataclass
class Approves:
    """Approves each ask once, when all mails are there."""

    releasing: Releasing
    release_id: ReleaseId
    asks: list[int] = field(default_factory=list)

    def __call__(self) -> bool:
        stage = self.releasing.release(self.release_id).stage
        assert stage is not None
        assert stage.ask is not None
        told = {key.partition(" ")[2] for key in (*stage.ask.mailed, *stage.ask.refused)}
        if stage.ask.number in self.asks or told != set(stage.ask.approvers):
            return False
        self.asks.append(stage.ask.number)
        self.releasing.decide(self.release_id, Choice.APPROVE)
        return True
