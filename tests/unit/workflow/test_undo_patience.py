"""An undo has no deadline: a release ends once Azure is as its outcome says, not before."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from shared.domain.errors import Failure, FailureKind
from shared.domain.names import deployment_names
from shared.domain.release import Outcome, ReleaseId
from shared.ports import ScoringAnswer
from shared.workflow.contract import Activity
from tests.fakes import World
from tests.fakes.failures import PASSING, Faults
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import PIPELINE, PROD_STAGE, Releasing

FORBIDDEN = Failure(
    FailureKind.FINAL, "AuthorizationFailed", "Grant the role AzureML Data Scientist"
)


@dataclass
class Outage:
    """From the first undo on Azure answers with a failure, for a while."""

    releasing: Releasing
    release_id: ReleaseId
    failure: Failure | None
    """None: the activity raises what nobody expected."""

    lasts: timedelta
    since: datetime | None = None
    waited_for: set[str | None] = field(default_factory=set)

    def __call__(self, activity: Activity) -> None:
        if activity is not Activity.UNDO_STAGE:
            return
        now, world = self.releasing.world.clock.now(), self.releasing.world
        release = self.releasing.release(self.release_id)
        if self.since is not None:
            assert release.outcome is None, "it has ended with the bad version in PROD"
            self.waited_for.add(release.stages[1].waits_for)
        self.since = self.since or now
        world.endpoints.faults = Faults()
        if now - self.since > self.lasts:
            return
        if self.failure is None:
            raise RuntimeError
        for method in ("get", "operation"):
            world.endpoints.faults.add(method, self.failure)


def bad_version() -> tuple[Releasing, ReleaseId]:
    """A version that answers its own probe well and users badly, from the moment it has traffic."""
    releasing = Releasing(World((PIPELINE,)))
    releasing.serve(PROD_STAGE)
    return releasing, releasing.begin()


def breaks_for_users(releasing: Releasing, release_id: ReleaseId, activity: Activity) -> None:
    if activity is Activity.SHIFT_TRAFFIC and releasing.release(release_id).stages[1].started_at:
        name = deployment_names(release_id, "3")[0]
        bad = ScoringAnswer(503, 0.1, "overloaded")
        releasing.world.endpoints.answers[name] = bad


@pytest.mark.parametrize(
    ("failure", "minutes"),
    [(PASSING, 40), (PASSING, 60 * 8), (FORBIDDEN, 90), (None, 40)],
    ids=["away", "away for hours", "role missing", "unexpected"],
)
def test_a_bad_version_is_undone_however_long_azure_is_away(
    failure: Failure | None, minutes: int
) -> None:
    releasing, release_id = bad_version()
    outage = Outage(releasing, release_id, failure, timedelta(minutes=minutes))

    def before(activity: Activity) -> None:
        breaks_for_users(releasing, release_id, activity)
        outage(activity)

    world = releasing.world
    people = releasing.approves(release_id)
    inline = Inline(world, world.services, before=before, people=people)
    assert inline.run(release_id) == Outcome.FAILED
    assert releasing.traffic(PROD_STAGE) == {"v2-old": 100}
    assert releasing.deployments(PROD_STAGE) == ["v2-old"]
    release = releasing.release(release_id)
    assert "answered 503" in (release.reason or "")
    assert "could not be put back" not in (release.reason or "")
    if failure is not None:
        waits = f"api-prod to be put back as it was. {failure.message}"
        assert waits in outage.waited_for
    assert inline.longest < 100, "each wait is a short history"


def test_an_abort_waits_for_a_deployment_that_has_long_to_go_and_takes_it_away() -> None:
    releasing = Releasing(World((PIPELINE,)))
    releasing.serve(PROD_STAGE)
    world = releasing.world
    release_id = releasing.begin()
    begun: list[datetime] = []

    def before(activity: Activity) -> None:
        in_prod = releasing.release(release_id).stages[1]
        world.endpoints.looks = 1000 if in_prod.deployment else 0
        if activity is Activity.DEPLOY_MODEL and in_prod.operation and not begun:
            begun.append(world.clock.now())
            releasing.abort(release_id)

    people = releasing.approves(release_id)
    assert Inline(world, world.services, before=before, people=people).run(release_id) == "Aborted"
    assert world.clock.now() - begun[0] > timedelta(minutes=70)
    assert releasing.deployments(PROD_STAGE) == ["v2-old"]
    assert releasing.traffic(PROD_STAGE) == {"v2-old": 100}


def test_where_nothing_is_left_to_restore_the_release_ends_and_says_so() -> None:
    releasing, release_id = bad_version()
    gone = False

    def before(activity: Activity) -> None:
        nonlocal gone
        breaks_for_users(releasing, release_id, activity)
        if activity is Activity.UNDO_STAGE and not gone:
            gone = True
            releasing.world.endpoints.begin_delete(stage=PROD_STAGE, deployment="v2-old")
            releasing.deployments(PROD_STAGE)

    world = releasing.world
    people = releasing.approves(release_id)
    assert Inline(world, world.services, before=before, people=people).run(release_id) == "Failed"
    reason = releasing.release(release_id).reason or ""
    assert "The endpoint could not be put back as it was: v2-old 100 % served" in reason
