"""An endpoint that is Failed, though it serves, is put right before anything else is done to it."""

import pytest

from shared.domain.release import EventType, Outcome
from shared.ports import OperationState
from shared.workflow.contract import Activity
from tests.fakes import World
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import PIPELINE, PROD_STAGE, QA_STAGE, Releasing


@pytest.mark.parametrize("looks", [0, 3])
def test_a_live_endpoint_is_sent_its_whole_map_again_and_the_release_goes_on(looks: int) -> None:
    releasing = Releasing(World((PIPELINE,)))
    world = releasing.world
    releasing.serve(PROD_STAGE)
    world.endpoints.looks = looks
    world.endpoints.break_endpoint(PROD_STAGE)
    release_id = releasing.begin()
    waited_for: set[str | None] = set()

    def before(_: Activity) -> None:
        waited_for.add(releasing.release(release_id).stages[1].waits_for)
        found = world.endpoints.get(stage=PROD_STAGE)
        assert found is not None
        assert sum(found.traffic.values()) == 100, "users always have an answer"
        if releasing.release(release_id).stages[1].deployment is not None:
            assert found.provisioning is not OperationState.FAILED

    people = releasing.approves(release_id)
    inline = Inline(world, world.services, before=before, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    release = releasing.release(release_id)
    assert release.stages[1].traffic_before == {"v2-old": 100}
    assert "endpoint api-prod, which is Failed, to take its traffic map again" in waited_for
    words = releasing.message(release_id, EventType.NOTICE)
    assert words == "api-prod was Failed; the traffic that it has was set again"
    assert world.endpoints.calls.count(("begin_traffic", "api-prod")) == 2


def test_an_endpoint_that_is_failed_and_serves_nothing_is_left_to_people() -> None:
    releasing = Releasing(World((PIPELINE,)))
    world = releasing.world
    world.endpoints.begin_create(stage=QA_STAGE, tags={})
    releasing.deployments(QA_STAGE)
    world.endpoints.break_endpoint(QA_STAGE)
    world.endpoints.calls.clear()
    release_id = releasing.begin()
    assert Inline(world, world.services).run(release_id) == Outcome.ERRORED
    assert "is Failed and serves nothing" in (releasing.release(release_id).reason or "")
    assert world.endpoints.calls == []
