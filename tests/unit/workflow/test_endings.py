"""How releases end otherwise: by people, by time, by the model, by technology. Never mixed up."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.domain.decision import Choice
from shared.domain.errors import Failure, FailureKind
from shared.domain.release import EventType, ModelVersion, Outcome, Release, ReleaseId
from shared.ports import ScoringAnswer
from shared.workflow.contract import Activity
from tests.fakes import World
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import PIPELINE, PROD_STAGE, QA, QA_STAGE, Releasing, with_stage

type Deed = Callable[[Releasing, ReleaseId], None]
BAD_SCRIPT = Failure(FailureKind.MODEL, "UserScriptError", "score.py raised ImportError: sklearn.")
NO_QUOTA = Failure(FailureKind.FINAL, "OutOfQuota", "Not enough cores: ask for more.")


@pytest.fixture
def releasing() -> Releasing:
    releasing = Releasing(World((PIPELINE,)))
    for stage in PIPELINE.stages:
        releasing.serve(stage)
    return releasing


def end(
    releasing: Releasing,
    release_id: ReleaseId,
    *,
    people: Callable[[], bool] | None = None,
    first: Activity | None = None,
    does: Deed = lambda *_: None,
) -> Release:
    """Run to the end; `does` happens before the first call of the activity `first`."""
    seen: list[Activity] = []

    def before(activity: Activity) -> None:
        if activity is first and activity not in seen:
            does(releasing, release_id)
        seen.append(activity)

    world = releasing.world
    people = people or releasing.approves(release_id)
    outcome = Inline(world, world.services, before=before, people=people).run(release_id)
    release = releasing.release(release_id)
    assert release.outcome == outcome
    assert release.reason
    assert releasing.trail(release_id)["Ended"] == 1
    assert releasing.message(release_id, EventType.ENDED) == f"{outcome}: {release.reason}"
    if outcome != Outcome.SUCCEEDED:
        assert releasing.traffic(PROD_STAGE) == {"v2-old": 100}
        assert releasing.deployments(PROD_STAGE) == ["v2-old"]
    return release


def test_a_no_is_a_rejection_with_name_and_words(releasing: Releasing) -> None:
    release_id = releasing.begin()

    def no() -> bool:
        releasing.decide(release_id, Choice.REJECT)
        return True

    release = end(releasing, release_id, people=no)
    assert (release.outcome, release.reason) == (
        Outcome.REJECTED,
        "Rejected by ada@example.com: seen",
    )


def test_silence_is_an_expiry(releasing: Releasing) -> None:
    release = end(releasing, releasing.begin(), people=lambda: False)
    assert release.outcome is Outcome.EXPIRED
    assert release.reason is not None
    assert release.reason.startswith("Nobody decided until 2026-11-03 09:0")


def _rewrite(releasing: Releasing, release_id: ReleaseId) -> None:
    registered = releasing.world.models.get(workspace=QA, model=releasing.release(release_id).model)
    assert registered is not None
    releasing.world.artifacts.write(registered.container, registered.path, b"other")


def _remove(releasing: Releasing, release_id: ReleaseId) -> None:
    releasing.world.models.remove(QA, releasing.release(release_id).model)


def _empty(releasing: Releasing, _: ReleaseId) -> None:
    releasing.world.artifacts.blobs.clear()


def _without_pipeline(releasing: Releasing, _: ReleaseId) -> None:
    releasing.world.pipelines = ()


def _without_prod(releasing: Releasing, _: ReleaseId) -> None:
    releasing.world.pipelines = (replace(PIPELINE, stages=PIPELINE.stages[:1]),)


def _with_more(releasing: Releasing, _: ReleaseId) -> None:
    more = replace(PROD_STAGE, name="more", endpoint="api-more")
    releasing.world.pipelines = (replace(PIPELINE, stages=(*PIPELINE.stages, more)),)


@pytest.mark.parametrize(
    ("first", "does", "outcome", "words"),
    [
        (Activity.BEGIN_RELEASE, _remove, Outcome.FAILED, "wk-qa has no diabetes version 3"),
        (Activity.BEGIN_RELEASE, _empty, Outcome.FAILED, "has no files"),
        (Activity.ASK_APPROVAL, _remove, Outcome.FAILED, "has no diabetes version 3 (any more)"),
        (Activity.START_STAGE, _without_pipeline, Outcome.ERRORED, "no pipeline diabetes any more"),
        (Activity.BEGIN_RELEASE, _without_pipeline, Outcome.ERRORED, "no pipeline diabetes"),
        (Activity.BEGIN_RELEASE, _without_prod, Outcome.ERRORED, "has other stages than when"),
        (Activity.BEGIN_RELEASE, _with_more, Outcome.ERRORED, "has other stages than when"),
        (Activity.ASK_APPROVAL, _without_prod, Outcome.ERRORED, "has no stage prod any more"),
        (Activity.COPY_MODEL, _rewrite, Outcome.FAILED, "were written again"),
        (Activity.REVIEW_APPROVAL, _rewrite, Outcome.FAILED, "were written again"),
    ],
)
def test_what_goes_missing_is_named(
    releasing: Releasing, first: Activity, does: Deed, outcome: Outcome, words: str
) -> None:
    # a world whose bundle is made anew for each call sees the pipelines as they are now
    release_id = releasing.begin()
    release = _end_seeing_changes(releasing, release_id, first, does)
    assert release.outcome is outcome
    assert words in (release.reason or "")


def _end_seeing_changes(
    releasing: Releasing, release_id: ReleaseId, first: Activity, does: Deed
) -> Release:
    world = releasing.world
    inline = Inline(world, world.services, people=releasing.approves(release_id))

    def before(activity: Activity) -> None:
        if activity is first and first not in inline.calls:
            does(releasing, release_id)
            inline.services = world.services

    inline.before = before
    assert inline.run(release_id) == releasing.release(release_id).outcome
    assert releasing.traffic(PROD_STAGE) == {"v2-old": 100}
    assert list(world.store.open_releases()) == []
    return releasing.release(release_id)


@pytest.mark.parametrize(
    ("failure", "outcome"), [(BAD_SCRIPT, Outcome.FAILED), (NO_QUOTA, Outcome.ERRORED)]
)
@pytest.mark.parametrize("stage", PIPELINE.stages, ids=lambda stage: stage.name)
def test_a_deployment_that_fails_is_taken_away_and_its_log_kept(
    releasing: Releasing, failure: Failure, outcome: Outcome, stage: object
) -> None:
    release_id = releasing.begin()
    first = Activity.PREPARE_ENDPOINT if stage is QA_STAGE else Activity.COPY_MODEL

    def breaks(there: Releasing, _: ReleaseId) -> None:
        name = _deployment(release_id)
        there.world.endpoints.failures[name] = failure
        there.world.endpoints.container_logs[name] = "Traceback\nImportError: sklearn"

    release = end(releasing, release_id, first=first, does=breaks)
    assert (release.outcome, release.reason) == (outcome, failure.message)
    notices = [
        event
        for event in releasing.world.store.events(release_id=release_id)
        if event.type is EventType.NOTICE
    ]
    assert [event.details["log"] for event in notices] == ["Traceback\nImportError: sklearn"]
    assert [event.details["code"] for event in notices] == [failure.code]


def _deployment(release_id: ReleaseId) -> str:
    from shared.domain.names import deployment_names

    return deployment_names(release_id, "3")[0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ScoringAnswer(500, 0.1, "boom"), "answered 500 instead of 200"),
        (ScoringAnswer(200, 0.1, {"error": "x"}), "answered with an error: 'x'"),
        (ScoringAnswer(200, 9.0, [1.0]), "took 9.00 s; the limit is 1 s"),
    ],
)
def test_an_unhealthy_deployment_gets_no_traffic(
    releasing: Releasing, answer: ScoringAnswer, words: str
) -> None:
    release_id = releasing.begin()
    releasing.world.endpoints.answers[_deployment(release_id)] = answer
    release = end(releasing, release_id)
    assert release.outcome is Outcome.FAILED
    assert words in (release.reason or "")
    assert releasing.trail(release_id)["Probed"] == 1
    assert ("begin_traffic", "api-qa") not in releasing.world.endpoints.calls
    assert releasing.deployments(QA_STAGE) == ["v2-old"]


def test_traffic_goes_back_when_users_would_get_bad_answers(releasing: Releasing) -> None:
    release_id = releasing.begin()

    def breaks(there: Releasing, _: ReleaseId) -> None:
        bad = ScoringAnswer(503, 0.1, "overloaded")
        there.world.endpoints.answers[_deployment(release_id)] = bad

    release = end(releasing, release_id, first=Activity.SHIFT_TRAFFIC, does=breaks)
    assert release.outcome is Outcome.FAILED
    assert "answered 503" in (release.reason or "")
    assert releasing.trail(release_id)["TrafficRestored"] == 1
    assert releasing.traffic(QA_STAGE) == {"v2-old": 100}
    assert releasing.deployments(QA_STAGE) == ["v2-old"]


@pytest.mark.parametrize("keep", [True, False])
def test_the_replaced_deployment_stays_where_it_is_wanted(
    releasing: Releasing,
    keep: bool,
) -> None:
    releasing.world.pipelines = (with_stage(replace(PROD_STAGE, keep_previous=keep)),)
    release = end(releasing, releasing.begin())
    assert release.outcome is Outcome.SUCCEEDED
    new = release.stages[1].deployment
    assert releasing.traffic(PROD_STAGE) == {new: 100}
    assert releasing.deployments(PROD_STAGE) == (["v2-old", new] if keep else [new])


def test_a_deployment_that_someone_else_made_is_left_alone(releasing: Releasing) -> None:
    model = ModelVersion("diabetes", "2")
    releasing.world.endpoints.begin_deploy(
        stage=PROD_STAGE, deployment="by-hand", model=model, tags={}
    )
    end(releasing, releasing.begin())
    assert "by-hand" in releasing.deployments(PROD_STAGE)


def test_a_deployment_that_takes_too_long_fails_and_is_taken_away(releasing: Releasing) -> None:
    releasing.world.endpoints.looks = 400
    release_id = releasing.begin()
    release = end(releasing, release_id)
    assert release.outcome is Outcome.FAILED
    assert "deploy_model was not done after 10 minutes" in (release.reason or "")
