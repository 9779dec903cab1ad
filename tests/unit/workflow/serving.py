"""What PROD serves while versions come one after another."""

from shared.domain.pipeline import Pipeline
from shared.domain.policy import Supersede
from shared.domain.release import ReleaseId
from tests.unit.workflow.releasing import ADA, BOB, PROD_STAGE
from tests.unit.workflow.timeline import Timeline, gated, policy


def with_rule(supersede: Supersede) -> Pipeline:
    return gated(policy(ADA, BOB, supersede=supersede))


def served(story: Timeline) -> None:
    """PROD's traffic goes to deployments that are there, all of it."""
    traffic = story.releasing.traffic(PROD_STAGE)
    there = {each.name for each in story.world.endpoints.deployments(stage=PROD_STAGE)}
    assert sum(traffic.values()) == 100
    assert traffic.keys() <= there


def watched(story: Timeline, *releases: ReleaseId) -> None:
    """Look at PROD before every step of releases that have begun."""
    for release_id in releases:
        story.inlines[release_id].before = lambda _: served(story)


def serving(story: Timeline) -> str | None:
    """The version that PROD serves."""
    (name,) = story.releasing.traffic(PROD_STAGE)
    return name.partition("-")[0]
