"""What people are shown: the candidate beside what serves, what has changed, what was skipped."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shared.adapters.store.documents import encode
from shared.domain.decision import Choice
from shared.domain.errors import Failure, FailureKind, StepError
from shared.domain.evidence import Difference
from shared.domain.names import deployment_names, release_ids
from shared.domain.pipeline import Json, Pipeline
from shared.domain.release import ModelVersion, Outcome, ReleaseId
from shared.ports import ScoringAnswer
from tests.unit.workflow.crashing import Breaker
from tests.unit.workflow.releasing import ADA, BOB, COMPUTE, PROD_STAGE, QA
from tests.unit.workflow.timeline import Timeline, gated, policy

ASKED = policy(ADA, BOB)
OLD = "v2-old"


def any_shape(pipeline: Pipeline) -> Pipeline:
    """The pipeline, content with whatever a model answers."""
    return replace(
        pipeline,
        stages=tuple(
            replace(stage, health=replace(stage.health, expected_shape=None))
            for stage in pipeline.stages
        ),
    )


def asked(story: Timeline, version: str = "3") -> ReleaseId:
    """A release whose people are asked."""
    release_id = story.begin(version)
    story.go_on(minutes=1)
    return release_id


def released(story: Timeline, version: str) -> ReleaseId:
    """A release that serves in PROD, by a yes of Ada's."""
    release_id = asked(story, version)
    story.decides(release_id, Choice.APPROVE)()
    story.go_on(minutes=1)
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    return release_id


def answers(story: Timeline, deployment: str, body: Json, status: int = 200) -> None:
    story.world.endpoints.answers[deployment] = ScoringAnswer(status, 0.25, body)


def candidate(version: str = "3") -> str:
    """The deployment of the release of a version."""
    (release_id, _) = release_ids("diabetes", ModelVersion("diabetes", version), 1)
    return deployment_names(release_id, version)[0]


def test_both_answer_the_same_request_and_the_differences_are_named() -> None:
    story = Timeline(gated(ASKED))
    answers(story, OLD, [99.5])
    (comparison,) = story.evidence(asked(story)).comparisons
    assert (comparison.request, comparison.note) == ("[[1, 2]]", "")
    assert comparison.candidate is not None
    assert comparison.current is not None
    assert (comparison.candidate.body, comparison.current.body) == ([152.1], [99.5])
    assert (comparison.candidate.latency_seconds, comparison.current.latency_seconds) == (
        0.05,
        0.25,
    )
    assert comparison.differences == (Difference("[0]", 99.5, 152.1),)
    assert comparison.difference_count == 1


def test_the_requests_of_both_stages_are_asked_each_once() -> None:
    other = replace(PROD_STAGE.health, sample_request=[[3, 4]])
    story = Timeline(gated(ASKED, health=other))
    comparisons = story.evidence(asked(story)).comparisons
    assert [each.request for each in comparisons] == ["[[1, 2]]", "[[3, 4]]"]


@dataclass
class Silent(Breaker):
    """One stage's endpoint gives no answer to users, once people are to be asked."""

    stage: str = "prod"
    asked: bool = False

    def call(self, name: str, method: Callable[..., Any], given: dict[str, Any]) -> Any:  # noqa: ANN401
        self.asked = self.asked or name == "preflight.checks"
        if self.asked and name == "endpoints.score" and given["stage"].name == self.stage:
            raise StepError(Failure(FailureKind.TRANSIENT, "Timeout", "No answer within 10 s."))
        return method(**given)


@pytest.mark.parametrize(("stage", "endpoint"), [("prod", "api-prod"), ("qa", "api-qa")])
def test_an_answer_that_is_missing_is_said_and_people_are_asked(stage: str, endpoint: str) -> None:
    story = Timeline(gated(ASKED))
    story.services = Silent(stage=stage).over(story.world.services)
    (comparison,) = story.evidence(asked(story)).comparisons
    assert comparison.note == f"{endpoint} gave no answer: No answer within 10 s."
    assert (comparison.candidate is None) is (stage == "qa")
    assert (comparison.current is None) is (stage == "prod")
    assert comparison.differences == ()
    assert story.mails(ADA)


def test_where_nothing_serves_there_is_nothing_to_compare_with() -> None:
    story = Timeline(gated(ASKED), serves=False)
    evidence = story.evidence(asked(story))
    (comparison,) = evidence.comparisons
    assert (comparison.current, comparison.note) == (None, "api-prod serves nothing yet.")
    assert (evidence.current, evidence.changes_note) == (None, "api-prod serves nothing yet.")
    assert (evidence.changes, evidence.skipped, evidence.skipped_more) == ((), (), 0)


def test_what_is_no_number_is_shown_and_is_no_difference_to_itself() -> None:
    story = Timeline(any_shape(gated(ASKED)))
    nan, inf = float("nan"), float("inf")
    answers(story, OLD, {"r": [nan, 1.0], "x": nan})
    answers(story, candidate(), {"r": [nan, inf], "x": "\ud800"})
    release_id = asked(story)
    (comparison,) = story.evidence(release_id).comparisons
    assert comparison.candidate is not None
    assert comparison.candidate.body == {"r": ["nan", "inf"], "x": "\ufffd"}
    assert comparison.differences == (
        Difference("r[1]", 1.0, "inf"),
        Difference("x", "nan", "\ufffd"),
    )
    story.decides(release_id, Choice.APPROVE)()
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED


def test_answers_of_any_size_fit_into_a_row() -> None:
    story = Timeline(any_shape(gated(ASKED)))
    answers(story, OLD, {"r": [float(number) for number in range(60_000)], "é": "é" * 90_000})
    answers(story, candidate(), {"r": [1.5] * 50_000, "é": "ü" * 90_000})
    evidence = story.evidence(asked(story))
    (comparison,) = evidence.comparisons
    assert [each.field for each in comparison.differences] == ["r", "é"]
    assert sum(len(str(value)) for value in encode(evidence).values()) < 100_000


def test_changes_since_a_version_that_was_approved_here_are_known_in_full() -> None:
    story = Timeline(gated(ASKED, environment_variables={"KEY": "old-secret"}), serves=False)
    released(story, "2")
    other = replace(COMPUTE, instance_count=4)
    variables = {"KEY": "new-secret", "MORE": "s"}
    story.deploys(gated(ASKED, compute=other, environment_variables=variables))()
    release_id = story.releasing.begin("3")
    model = ModelVersion("diabetes", "3")
    there = story.world.models.add(
        QA,
        model,
        tags={"area": "sales", "azureml.x": "1", "modelgate-y": "2"},
        properties={"framework": "scikit-learn", "r2": "0.51"},
        at=story.world.clock.now(),
    )
    story.world.artifacts.write(there.container, there.path, b"a longer model")
    story.world.orchestrations.start(release_id=release_id)
    story.run(hours=0.5)
    evidence = story.evidence(release_id)
    assert evidence.changes_note == ""
    found = {each.field: (each.before, each.after) for each in evidence.changes}
    before, after = found.pop("files.model.pkl")
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert (before["size"], after["size"]) == (5, 14)
    assert before["md5"] != after["md5"]
    assert found == {
        "tags.area": ("health", "sales"),
        "metrics.r2": (None, 0.51),
        "configuration.compute.instance_count": (1, 4),
        "configuration.environment_variables.KEY": ("(hidden)", "(hidden)"),
        "configuration.environment_variables.MORE": (None, "(hidden)"),
    }
    assert evidence.current is not None
    assert (evidence.current.source, evidence.current.is_newer) == (
        ModelVersion("diabetes", "2"),
        False,
    )
    assert "secret" not in repr(evidence)
