"""The orchestrators on the local engine, driven by Microsoft's worker, with activities on fakes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from durabletask.client import OrchestrationState, TaskHubGrpcClient
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.task import ActivityContext, OrchestrationContext
from durabletask.worker import TaskHubGrpcWorker

from dev.host.engine import Engine
from shared.domain.decision import Choice
from shared.domain.release import ReleaseId, StageState
from shared.workflow import contract, orchestrators
from shared.workflow.activities import run_activity
from shared.workflow.contract import Activity
from tests.fakes import World
from tests.unit.workflow.releasing import PIPELINE, Releasing

VERSION = "1.4"


class RecordingWorker(TaskHubGrpcWorker):
    """Keeps every turn that it is given."""

    def __init__(self, address: str) -> None:
        super().__init__(host_address=address)
        self.turns: list[pb.OrchestratorRequest] = []

    def _execute_orchestrator(
        self,
        req: pb.OrchestratorRequest,
        stub: Any,  # noqa: ANN401
        completionToken: Any,  # noqa: ANN401, N803
    ) -> None:
        kept = pb.OrchestratorRequest()
        kept.CopyFrom(req)
        self.turns.append(kept)
        super()._execute_orchestrator(req, stub, completionToken)


@dataclass
class Running:
    """An engine, a worker and a client around a world."""

    engine: Engine
    client: TaskHubGrpcClient
    worker: RecordingWorker
    releasing: Releasing = field(default_factory=lambda: Releasing(World((_quick(),))))
    inputs: list[tuple[Activity, Any]] = field(default_factory=list)
    versions: list[tuple[str, str | None]] = field(default_factory=list)
    before: Callable[[Activity], None] = lambda _: None
    """Called before each run of an activity; what it raises, the activity raises."""

    _lock: Lock = field(default_factory=Lock)

    def serve(self) -> None:
        """Give the worker the orchestrators and activities, under their names."""
        for name, orchestrator in (
            (contract.RELEASE, orchestrators.release),
            (contract.WATCH, orchestrators.watch),
        ):
            self.worker.add_orchestrator(self._noting_version(name, orchestrator))
        for activity in Activity:
            self.worker.add_activity(self._body(activity))
        self.worker.start()  # type: ignore[no-untyped-call]  # the SDK's

    def _noting_version(self, name: str, orchestrator: Any) -> Any:  # noqa: ANN401
        def drive(ctx: OrchestrationContext, start: Any) -> Any:  # noqa: ANN401
            self.versions.append((name, ctx.version))
            return (yield from orchestrator(ctx, start))

        drive.__name__ = name
        return drive

    def _body(self, activity: Activity) -> Any:  # noqa: ANN401
        def run(_: ActivityContext, data: Any) -> Any:  # noqa: ANN401
            self.inputs.append((activity, data))
            self.before(activity)
            with self._lock:  # the fakes' operations are told one thing at a time
                return run_activity(activity, self.releasing.world.services, data)

        run.__name__ = activity.value
        return run

    def start(self, release_id: ReleaseId) -> None:
        self.client.schedule_new_orchestration(
            contract.RELEASE,
            input={"release_id": release_id},
            instance_id=release_id,
            version=VERSION,
        )

    def ring(self, release_id: ReleaseId) -> None:
        self.client.raise_orchestration_event(release_id, contract.NEWS, data={})

    def until(self, what: Callable[[], object], seconds: float = 20) -> None:
        """Wait until something is so."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "it never was so"
            time.sleep(0.01)

    def until_asked(self, release_id: ReleaseId, ask: int = 1) -> None:
        """Wait until people have their mails."""

        def is_asked() -> bool:
            stage = self.releasing.release(release_id).stage
            if stage is None or stage.state is not StageState.WAITING or stage.ask is None:
                return False
            return stage.ask.number == ask and len(stage.ask.mailed) == len(stage.ask.approvers)

        self.until(is_asked)

    def approve(self, release_id: ReleaseId) -> None:
        """Decide, once people were asked."""
        self.until_asked(release_id)
        self.until(lambda: self._decided(release_id))

    def _decided(self, release_id: ReleaseId) -> bool:
        from shared.ports import ConflictError

        try:
            self.releasing.decide(release_id, Choice.APPROVE)
        except ConflictError:  # an activity wrote in between, as on Azure: decide again
            return False
        return True

    def ended(self, release_id: ReleaseId) -> OrchestrationState:
        """Wait until the orchestration has ended."""
        state = self.client.wait_for_orchestration_completion(release_id, timeout=40)
        assert state is not None
        return state

    def outcome(self, release_id: ReleaseId) -> Any:  # noqa: ANN401
        return self.ended(release_id).get_output()


def _quick() -> Any:  # noqa: ANN401
    stages = tuple(
        replace(stage, health=replace(stage.health, interval_seconds=0.02))
        for stage in PIPELINE.stages
    )
    return replace(PIPELINE, stages=stages)
