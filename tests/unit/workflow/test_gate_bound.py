"""A yes is for what people were shown: anything else makes it void, and they are asked again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.decision import Choice
from shared.domain.evidence import (
    Difference,
)
from shared.domain.pipeline import Json
from shared.domain.policy import ApprovalPolicy, Delegation, Order, Rejection, Supersede
from shared.domain.release import EventType, ModelVersion, Outcome, ReleaseId
from shared.ports import RegisteredModel
from shared.workflow.contract import Activity
from tests.fakes.running import START
from tests.unit.workflow.releasing import ADA, BOB, PROD, PROD_STAGE, QA
from tests.unit.workflow.timeline import CAROL, DAN, Timeline, gated, policy

ASKED = policy(ADA, BOB)
MODEL = ModelVersion("diabetes", "3")

type Change = Callable[[Timeline], None]


def registered(**fields: Any) -> Change:  # noqa: ANN401 - of a model
    """Somebody edits the version in Azure ML."""

    def change(story: Timeline) -> None:
        key = (QA.arm_id.casefold(), MODEL)
        models = story.world.models.registered
        models[key] = replace(models[key], **fields)

    return change


def configured(**fields: Any) -> Change:  # noqa: ANN401 - of a stage
    """The app is deployed with another configuration of PROD."""

    def change(story: Timeline) -> None:
        story.deploys(gated(ASKED, **fields))()

    return change


def served_by_another(story: Timeline) -> None:
    """Somebody deploys to PROD by hand."""
    endpoints, model = story.world.endpoints, ModelVersion("diabetes", "2")
    endpoints.begin_deploy(stage=PROD_STAGE, deployment="by-hand", model=model, tags={})
    endpoints.begin_traffic(stage=PROD_STAGE, traffic={"by-hand": 60, "v2-old": 40})
    story.releasing.deployments(PROD_STAGE)


CHANGES: dict[str, tuple[Change, list[tuple[str, Json, Json]]]] = {
    "description": (
        registered(description="other"),
        [("description", "diabetes, trained on diabetes data", "other")],
    ),
    "tags": (registered(tags={"area": "sales"}), [("tags.area", "health", "sales")]),
    "a metric": (
        registered(properties={"framework": "scikit-learn", "r2": "0.4"}),
        [("properties.r2", None, "0.4")],
    ),
    "type": (
        registered(type="mlflow_model"),
        [("model_type", "custom_model", "mlflow_model")],
    ),
    "compute": (
        configured(compute=replace(PROD_STAGE.compute, instance_count=9)),
        [("configuration.compute.instance_count", 1, 9)],
    ),
    "a secret": (
        configured(environment_variables={"PASSWORD": "hunter2"}),
        [("configuration.environment_variables.PASSWORD", None, "(hidden)")],
    ),
    "what PROD serves": (
        served_by_another,
        [
            ("current.deployment", "v2-old", "by-hand"),
            ("current.percent", 100, 60),
        ],
    ),
}


@pytest.mark.parametrize("after", [False, True], ids=["before a yes", "after it"])
@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_voids_and_people_are_told_field_by_field(name: str, *, after: bool) -> None:
    change, fields = CHANGES[name]
    story = Timeline(gated(ASKED))
    release_id = story.begin()
    before_copy(story, release_id, change if after else None)
    if not after:
        story.at(lambda: change(story), hours=1.5)
    story.at(story.decides(release_id, Choice.APPROVE), hours=2.5 if not after else 2)
    story.run(hours=2.2)
    differences = tuple(Difference(*each) for each in fields)
    (voided,) = story.events(release_id, EventType.APPROVAL_VOIDED)
    assert voided.details["changed"] == [
        {"field": field, "before": before, "after": now} for field, before, now in fields
    ]
    assert story.evidence(release_id).changed_since == differences
    assert [story.ask(release_id).number, story.evidence(release_id, 1).changed_since] == [2, ()]
    assert fields[0][0] in story.mailer.to(BOB)[-1].text
    assert "hunter2" not in repr(story.world.store.events(release_id=release_id))
    assert "hunter2" not in repr(story.evidence(release_id))
    if after:
        assert "v3-1707b153" not in story.releasing.deployments(PROD_STAGE)
        story.at(story.decides(release_id, Choice.APPROVE), hours=3)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert story.started_at(release_id) == (3 if after else 2.5)


def before_copy(story: Timeline, release_id: ReleaseId, change: Change | None) -> None:
    """Let something change between the yes and its use."""
    story.run(minutes=1)
    inline, done = story.inlines[release_id], list[Activity]()

    def before(activity: Activity) -> None:
        if activity is Activity.START_STAGE and change is not None and not done:
            done.append(activity)
            change(story)

    inline.before = before


def test_a_variable_that_gets_another_value_voids_without_a_word_of_either() -> None:
    story = Timeline(gated(ASKED, environment_variables={"KEY": "old-secret"}))
    release_id = story.begin()
    other = gated(ASKED, environment_variables={"KEY": "new-secret"})
    story.at(story.deploys(other), hours=1.5)
    story.run(hours=3)
    (changed,) = story.evidence(release_id).changed_since
    assert changed == Difference("configuration.environment_variables.KEY", "(hidden)", "(hidden)")
    everything = repr((story.world.store.events(release_id=release_id), story.mailer.sent))
    assert "secret" not in everything


def overwritten(story: Timeline) -> None:
    model = story.world.models.get(workspace=QA, model=MODEL)
    assert isinstance(model, RegisteredModel)
    story.world.artifacts.write(model.container, model.path, b"another model")


@pytest.mark.parametrize(
    "when", [Activity.START_STAGE, Activity.COPY_MODEL, Activity.REVIEW_APPROVAL]
)
def test_files_that_are_written_again_after_a_yes_never_reach_prod(when: Activity) -> None:
    story = Timeline(gated(ASKED))
    release_id = story.begin()
    story.run(minutes=1)
    done = list[Activity]()

    def before(activity: Activity) -> None:
        if activity is when and not done:
            done.append(activity)
            overwritten(story)

    story.inlines[release_id].before = before
    story.at(story.decides(release_id, Choice.APPROVE), minutes=1)
    story.run()
    release = story.release(release_id)
    assert release.outcome is Outcome.FAILED
    assert "were written again" in (release.reason or "")
    assert "Changed: model.pkl. Register a new version." in (release.reason or "")
    assert story.releasing.deployments(PROD_STAGE) == ["v2-old"]
    copied = ModelVersion("diabetes-production", "3")
    assert story.world.models.get(workspace=PROD, model=copied) is None


TERMS: dict[str, tuple[ApprovalPolicy, str]] = {
    "another person": (policy(ADA, CAROL), "terms.voices[1].members[0], terms.voices[1].name"),
    "one more": (policy(ADA, BOB, CAROL), "terms.voices"),
    "how many": (policy(ADA, BOB, required=2), "terms.required"),
    "what a no does": (policy(ADA, BOB, reject=Rejection.QUORUM), "terms.reject"),
    "sign-in": (policy(ADA, BOB, require_sign_in=True), "terms.require_sign_in"),
    "a stand-in": (
        policy(ADA, BOB, delegations=(Delegation(ADA, DAN, START, START + timedelta(days=1)),)),
        "terms.delegations",
    ),
}


@pytest.mark.parametrize("name", TERMS)
def test_another_policy_voids_and_asks_by_the_new_one(name: str) -> None:
    other, fields = TERMS[name]
    story = Timeline(gated(ASKED))
    release_id = story.begin()
    story.at(story.deploys(gated(other)), hours=1.5)
    story.run(hours=2.2)
    message = story.releasing.message(release_id, EventType.APPROVAL_VOIDED)
    assert message == f"What was asked about is not as it was: {fields}. People are asked again"
    assert ", ".join(each.field for each in story.evidence(release_id).changed_since) == fields
    assert story.ask(release_id).policy == other
    (voided,) = story.events(release_id, EventType.APPROVAL_VOIDED)
    assert voided.details["changed"] == [
        {"field": each.field, "before": each.before, "after": each.after}
        for each in story.evidence(release_id).changed_since
    ]


@pytest.mark.parametrize(
    "harmless",
    [
        {"instructions": "look twice"},
        {"reminders_seconds": (60.0, 3600.0)},
        {"timeout_seconds": 99_999.0},
        {"supersede": Supersede.REPLACE},
        {"probe_seconds": 60.0},
        {"names": {ADA: "Ada Lovelace"}},
    ],
    ids=lambda each: next(iter(each)),
)
def test_how_people_are_asked_may_change_meanwhile(harmless: dict[str, Any]) -> None:
    story = Timeline(gated(ASKED))
    release_id = story.begin()
    story.at(story.deploys(gated(policy(ADA, BOB, **harmless))), hours=1.5)
    story.at(story.decides(release_id, Choice.APPROVE), hours=3)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert story.events(release_id, EventType.APPROVAL_VOIDED) == []
    assert [kind for _, kind in story.mails(ADA)] == ["request 0", "Succeeded"]


@pytest.mark.parametrize(
    ("written", "told"), [({"total_bytes": 1}, "total_bytes"), ({"checks": ()}, "evidence")]
)
def test_evidence_that_somebody_has_written_to_is_worth_nothing(
    written: dict[str, Any], told: str
) -> None:
    story = Timeline(gated(ASKED))
    release_id = story.begin()

    def tamper() -> None:
        kept = story.world.store._evidence
        key = (release_id, "prod", 1)
        kept[key] = replace(kept[key], **written)

    story.at(tamper, hours=1.5)
    story.at(story.decides(release_id, Choice.APPROVE), hours=1.6)
    story.run()
    message = story.releasing.message(release_id, EventType.APPROVAL_VOIDED)
    assert "evidence" in message
    release = story.release(release_id)
    assert release.outcome is Outcome.EXPIRED  # asked again, nobody said anything more
    assert release.stages[1].model is None
    changed = [each.field for each in story.evidence(release_id, 2).changed_since]
    assert changed == [told]


def test_prod_gets_the_words_that_people_were_shown() -> None:
    """Somebody edits the version once the yes is used, while the files are copied."""
    story = Timeline(gated(ASKED))
    release_id = story.begin()
    story.go_on(minutes=5)
    edit = registered(description="other", tags={"area": "sales"}, properties={"r2": "0.1"})

    def before(activity: Activity) -> None:
        if activity is Activity.COPY_MODEL:
            edit(story)

    shown = story.evidence(release_id)
    story.inlines[release_id].before = before
    story.decides(release_id, Choice.APPROVE)()
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    copied = story.world.models.get(workspace=PROD, model=ModelVersion("diabetes-production", "3"))
    assert copied is not None
    assert (copied.description, copied.properties) == (shown.description, shown.properties)
    assert copied.tags.items() >= shown.tags.items()
    assert "sales" not in copied.tags.values()


def test_who_is_not_asked_again_at_once_hears_that_their_answer_is_void() -> None:
    rule = policy(ADA, BOB, required=None, order=Order.SEQUENCE)
    story = Timeline(gated(rule))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE), hours=1)
    later = START + timedelta(hours=10)
    story.at(story.decides(release_id, Choice.DEFER, BOB, effective_at=later), hours=2)
    story.at(story.deploys(gated(rule, tags={"x": "1"})), hours=3)
    story.run(hours=5)
    assert story.ask(release_id).voided == (ADA, BOB)
    assert [kind for _, kind in story.mails(ADA)] == ["request 0", "request 0"]
    assert [kind for _, kind in story.mails(BOB)] == ["request 0", "voided 0"]
    story.at(story.decides(release_id, Choice.APPROVE), hours=6)
    story.run(hours=7)
    assert [kind for _, kind in story.mails(BOB)] == ["request 0", "voided 0", "request 0"]
