"""One call of an activity: what the store says, what the pipeline says, and how to write."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.decision import Decision
from shared.domain.errors import Failure, FailureKind, IllegalTransitionError, StepError, technical
from shared.domain.evidence import Evidence
from shared.domain.pipeline import Health, Json, ManagedCompute, Pipeline, Stage
from shared.domain.release import Outcome, Release, ReleaseId, StageRecord, StageState
from shared.domain.trail import Change
from shared.domain.transitions import move_stage
from shared.ports import ConflictError, Counter, Services, Stored
from shared.workflow.configuration import configuration_digest
from shared.workflow.contract import Activity, Answer, AnswerState
from shared.workflow.publishing import publish_news

logger = logging.getLogger(__name__)

type Body = Callable[[Turn, Mapping[str, Json]], Answer]

AFTER_THE_END = frozenset({Activity.UNDO_STAGE, Activity.END_RELEASE, Activity.WRAP_UP})
"""Activities that run although a release is over or about to be stopped."""


@dataclass(slots=True)
class Turn:
    """A release in the hands of one activity call."""

    services: Services
    stored: Stored
    stage_name: str | None

    @property
    def release(self) -> Release:
        """The release as last read or written."""
        return self.stored.release

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self.services.clock.now()

    @property
    def pipeline(self) -> Pipeline:
        """The release's pipeline as it is deployed now."""
        pipeline = self.services.pipelines.get(self.release.pipeline)
        if pipeline is None:
            raise technical(
                "PipelineNotFound",
                f"There is no pipeline {self.release.pipeline} any more. Deploy it again, "
                "then start the release again.",
            )
        return pipeline

    @property
    def stage(self) -> Stage:
        """The stage of this call, as the pipeline has it now.

        A stage that has started is to be done with the configuration that it started with.
        """
        stage = self.pipeline.stage(self.stage_name or "")
        started_with = self.record.configuration
        if stage is not None and started_with not in (None, configuration_digest(stage)):
            raise technical(
                "PipelineChanged",
                f"Stage {stage.name} of pipeline {self.release.pipeline} has been changed since it "
                "started. Start the release again.",
            )
        if stage is None:
            raise technical(
                "StageNotFound",
                f"Pipeline {self.release.pipeline} has no stage {self.stage_name} any more. "
                "Put it back, then start the release again.",
            )
        return stage

    @property
    def touched(self) -> Stage:
        """Where the stage acts, whatever the pipeline says by now: enough to find its endpoint."""
        record = self.record
        assert record.workspace is not None, "set when the stage started"
        assert record.endpoint is not None, "set when the stage started"
        nothing = Health(0.0, 0.0, None, 200, None, None)
        return Stage(
            record.name, record.workspace, None, record.endpoint, ManagedCompute("", 0), nothing
        )

    @property
    def record(self) -> StageRecord:
        """The stage of this call, as the store has it."""
        return self.release.stage_named(self.stage_name or "")

    def commit(
        self,
        change: Change,
        *,
        decision: Decision | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        """Write a change.

        Raises:
            ConflictError: Somebody else wrote first.
        """
        self.stored = self.services.store.save(
            stored=self.stored,
            release=change.release,
            events=change.events,
            decision=decision,
            evidence=evidence,
        )

    def moved(self, to: StageState, record: StageRecord | None = None) -> Change:
        """The change that brings the stage to a state, not written yet."""
        return Change(move_stage(self.release, record or self.record, to, self.now))

    def updated(self, **fields: object) -> Change:
        """The change that sets fields of the stage's record, not written yet."""
        record = replace(self.record, **fields)  # type: ignore[arg-type] # names are checked there
        return Change(replace(self.release.with_stage(record), updated_at=self.now))

    def is_past(self, state: StageState) -> bool:
        """Whether the stage has left `state` behind: the work of this call is done already."""
        order = list(StageState)
        return order.index(self.record.state) > order.index(state)


def run(activity: Activity, body: Body, services: Services, data: Mapping[str, Json]) -> Answer:
    """Run an activity: read, act, write; expected failures come back as values."""
    release_id = ReleaseId(str(data["release_id"]))
    stage = str(data["stage"]) if data["stage"] else None
    with services.telemetry.release(release_id=release_id, doing=activity.value, stage=stage):
        return _run(activity, body, services, data)


def _run(activity: Activity, body: Body, services: Services, data: Mapping[str, Json]) -> Answer:
    release_id = ReleaseId(str(data["release_id"]))
    try:
        stored = services.store.get(release_id=release_id)
        if stored is None:
            return Answer.stopped(Outcome.ERRORED, f"The store has no release {release_id}.")
        turn = Turn(services, stored, str(data["stage"]) if data["stage"] else None)
        answer = _stop(turn.release) if activity not in AFTER_THE_END else None
        answer = answer or body(turn, data)
        turn.stored = publish_news(services, turn.stored)
    except ConflictError:
        logger.info("release %s: %s met another writer, reads again", release_id, activity)
        return Answer.pending()
    except IllegalTransitionError as error:
        # another try would read the same state: a release that cannot go on has to end
        logger.exception("release %s: %s came too late", release_id, activity)
        return Answer.failed(Failure(FailureKind.FINAL, "IllegalTransition", f"{error}."))
    except StepError as error:
        logger.warning("release %s: %s: %s", release_id, activity, error)
        if error.failure.retryable:
            services.telemetry.count(
                Counter.RETRIES, activity=activity.value, code=error.failure.code
            )
        return Answer.failed(error.failure)
    level = logging.DEBUG if answer.state is AnswerState.PENDING else logging.INFO
    logger.log(level, "release %s: %s %s", release_id, activity, answer.state)
    return answer


def _stop(release: Release) -> Answer | None:
    """The answer to a release that is over, or that someone wants to be."""
    if release.outcome is not None:
        return Answer.stopped(release.outcome, release.reason or "")
    if release.ending is not None:
        return Answer.stopped(release.ending, release.reason or "")
    if release.superseded_by is not None and _is_at_a_gate(release):
        return Answer.stopped(
            Outcome.SUPERSEDED,
            f"Release {release.superseded_by} of a newer version took its place.",
        )
    has_work_left = any(stage.state is not StageState.SUCCEEDED for stage in release.stages)
    if release.abort_requested_by is not None and has_work_left:
        why = f": {release.abort_reason}" if release.abort_reason else "."
        return Answer.stopped(Outcome.ABORTED, f"Stopped by {release.abort_requested_by}{why}")
    return None


def _is_at_a_gate(release: Release) -> bool:
    """Whether nothing has been begun that superseding it would leave half done."""
    stage = release.stage
    return stage is not None and stage.state is StageState.WAITING
