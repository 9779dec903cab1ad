"""What is known of versions that others deployed, what was skipped, and what is not ready yet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shared.adapters.store.documents import decode, encode
from shared.domain.decision import Choice
from shared.domain.errors import Failure, FailureKind
from shared.domain.evidence import (
    QUOTA,
    Answered,
    Check,
    Comparison,
    Current,
    Difference,
    Evidence,
    Skipped,
)
from shared.domain.policy import Rejection
from shared.domain.release import EventType, ModelVersion, Outcome, Probe, ReleaseId
from shared.workflow.contract import Activity
from shared.workflow.gate.evidence import digest_of
from shared.workflow.orchestrators import PATIENCE
from tests.fakes.running import START
from tests.unit.workflow.releasing import ADA, BOB, PROD, QA
from tests.unit.workflow.timeline import CAROL, Timeline, gated, policy

ASKED = policy(ADA, BOB)
BUSY = Failure(FailureKind.TRANSIENT, "ServiceUnavailable", "ARM is busy.")


def asked(story: Timeline, version: str) -> ReleaseId:
    release_id = story.begin(version)
    story.go_on(minutes=1)
    return release_id


def says(story: Timeline, release_id: ReleaseId, choice: Choice, by: str = ADA) -> None:
    story.decides(release_id, choice, by)()
    story.go_on(minutes=1)


def test_what_somebody_deployed_by_hand_is_compared_as_far_as_azure_knows_it() -> None:
    story = Timeline(gated(ASKED))
    old = ModelVersion("diabetes", "2")
    there = story.world.models.add(PROD, old, tags={"area": "sales"}, properties={"r2": "0.4"})
    story.world.artifacts.write(there.container, there.path, b"older")
    evidence = story.evidence(asked(story, "3"))
    assert evidence.changes_note == (
        "What serves was not approved here: its configuration is not known."
    )
    fields = {each.field: (each.before, each.after) for each in evidence.changes}
    assert fields["tags.area"] == ("sales", "health")
    assert fields["metrics.r2"] == (0.4, None)
    assert "files.model.pkl" in fields
    assert not any(field.startswith("configuration") for field in fields)
    assert evidence.current is not None
    assert (evidence.current.model, evidence.current.source) == (old, None)
    assert evidence.skipped == ()
    assert evidence.skipped_note == (
        "What api-prod serves was not released here. Whether it is older, and which versions were "
        "skipped since, is not known."
    )


def test_what_serves_and_is_no_version_any_more_is_said() -> None:
    story = Timeline(gated(ASKED))
    story.world.models.remove(PROD, ModelVersion("diabetes", "2"))
    evidence = story.evidence(asked(story, "3"))
    assert evidence.changes_note == (
        "What api-prod serves is no version that can be found any more."
    )
    assert evidence.changes == ()


def test_every_version_that_was_skipped_is_named_with_what_was_said_of_it() -> None:
    story = Timeline(gated(ASKED), serves=False)
    says(story, asked(story, "2"), Choice.APPROVE)
    rejected = asked(story, "3")
    says(story, rejected, Choice.REJECT, BOB)
    story.go_on(minutes=1)
    story.world.models.add(QA, ModelVersion("diabetes", "4"), at=story.world.clock.now())
    story.go_on(minutes=1)
    under_way = asked(story, "5")
    story.go_on(minutes=1)
    evidence = story.evidence(asked(story, "6"))
    assert [each.version for each in evidence.skipped] == ["5", "4", "3"]
    five, four, three = evidence.skipped
    assert (five.release_id, five.outcome, five.words) == (
        under_way,
        None,
        "It is still under way.",
    )
    assert (four.release_id, four.outcome, four.words) == (
        None,
        None,
        "Registered by grace@example.com, and not released.",
    )
    assert (three.release_id, three.outcome, three.words) == (
        rejected,
        Outcome.REJECTED,
        f"Rejected by {BOB}: seen",
    )
    assert three.rejections == (f"{BOB}: seen",)
    assert evidence.skipped_more == 0


def test_a_skipped_version_that_is_rejected_meanwhile_voids_what_was_asked() -> None:
    story = Timeline(gated(ASKED), serves=False)
    says(story, asked(story, "2"), Choice.APPROVE)
    skipped, newer = asked(story, "3"), asked(story, "4")
    says(story, skipped, Choice.REJECT, BOB)
    says(story, newer, Choice.APPROVE)
    assert story.outcome(newer) is None
    assert story.ask(newer).number == 2
    evidence = story.evidence(newer)
    assert [each.field for each in evidence.changed_since] == ["skipped.version 3"]
    assert evidence.changed_since[0].after == f"{BOB}: seen"
    assert evidence.skipped[0].rejections == (f"{BOB}: seen",)
    says(story, newer, Choice.APPROVE)
    assert story.outcome(newer) is Outcome.SUCCEEDED


def test_a_skipped_version_that_ends_otherwise_voids_nothing() -> None:
    story = Timeline(gated(ASKED), serves=False)
    says(story, asked(story, "2"), Choice.APPROVE)
    skipped, newer = asked(story, "3"), asked(story, "4")
    says(story, skipped, Choice.APPROVE)
    assert story.outcome(skipped) is Outcome.SUCCEEDED
    assert "skipped" not in str(story.events(newer, EventType.APPROVAL_VOIDED))


def test_a_no_that_was_taken_back_is_no_rejection() -> None:
    two = policy(ADA, BOB, CAROL, required=2, reject=Rejection.QUORUM)
    story = Timeline(gated(two), serves=False)
    served, skipped = asked(story, "2"), asked(story, "3")
    says(story, served, Choice.APPROVE)
    says(story, served, Choice.APPROVE, BOB)
    says(story, skipped, Choice.REJECT)
    says(story, skipped, Choice.APPROVE)
    says(story, skipped, Choice.REJECT, BOB)
    (three,) = story.evidence(asked(story, "4")).skipped
    assert three.rejections == (f"{BOB}: seen",)


def test_of_many_skipped_versions_the_newest_are_shown() -> None:
    story = Timeline(gated(ASKED), serves=False)
    says(story, asked(story, "2"), Choice.APPROVE)
    for number in range(3, 28):
        story.go_on(minutes=1)
        model = ModelVersion("diabetes", str(number))
        story.world.models.add(QA, model, at=story.world.clock.now())
    story.go_on(minutes=1)
    evidence = story.evidence(asked(story, "28"))
    assert [each.version for each in evidence.skipped] == [str(n) for n in range(27, 7, -1)]
    assert evidence.skipped_more == 5


def test_an_older_version_skips_nothing() -> None:
    story = Timeline(gated(ASKED), serves=False)
    older = story.releasing.begin("2")
    says(story, asked(story, "3"), Choice.APPROVE)
    story.world.orchestrations.start(release_id=older)
    story.go_on(minutes=1)
    evidence = story.evidence(older)
    assert evidence.current is not None
    assert evidence.current.is_newer
    assert evidence.skipped == ()


def test_what_is_not_ready_is_said_and_nobody_is_asked() -> None:
    story = Timeline(gated(ASKED))
    story.world.preflight.failing = {"permissions": "The app may not deploy: assign the role."}
    release_id = story.begin()
    story.run()
    release = story.release(release_id)
    assert release.outcome is Outcome.ERRORED
    assert release.reason == (
        "Nobody is asked to approve prod, since the deployment would fail. permissions: The app "
        "may not deploy: assign the role. Start the release again when that is mended."
    )
    assert story.calls(release_id)[Activity.ASK_APPROVAL] == 1
    assert story.events(release_id, EventType.APPROVAL_REQUESTED) == []
    assert {mail.to for mail in story.mailer.sent}.isdisjoint({ADA, BOB})


def test_quota_that_others_give_back_is_waited_for() -> None:
    story = Timeline(gated(ASKED))
    story.world.preflight.failing = {QUOTA: "4 cores are missing: ask for more."}
    release_id = story.begin()
    story.go_on(minutes=10)
    assert (story.outcome(release_id), story.mails(ADA)) == (None, [])
    story.world.preflight.failing = {}
    story.go_on(minutes=20)
    assert story.mails(ADA)


def test_quota_that_nobody_gives_back_ends_it_in_the_end() -> None:
    story = Timeline(gated(ASKED))
    story.world.preflight.failing = {QUOTA: "4 cores are missing: ask for more."}
    release_id = story.begin()
    story.run()
    assert story.outcome(release_id) is Outcome.ERRORED
    assert "4 cores are missing" in (story.release(release_id).reason or "")
    assert story.ended[release_id] - START >= PATIENCE


def test_a_look_that_azure_does_not_answer_is_taken_again() -> None:
    story = Timeline(gated(ASKED))
    story.world.preflight.faults.add("checks", BUSY, times=5)
    release_id = asked(story, "3")
    assert story.calls(release_id)[Activity.ASK_APPROVAL] == 6
    assert [check.name for check in story.evidence(release_id).checks] == [
        "workspace",
        "endpoint",
        "permissions",
        QUOTA,
        "storage",
    ]
    assert story.mails(ADA)


def test_an_azure_that_stays_away_ends_it_in_the_end_without_asking() -> None:
    story = Timeline(gated(ASKED))
    story.world.preflight.faults.add("checks", BUSY, times=10_000)
    release_id = story.begin()
    story.run()
    assert (story.outcome(release_id), story.release(release_id).reason) == (
        Outcome.ERRORED,
        "ARM is busy.",
    )
    assert PATIENCE <= story.ended[release_id] - START <= PATIENCE * 1.1
    assert story.mails(ADA) == []


PLAIN = Evidence(
    ReleaseId("r"), "prod", 1, "custom_model", "", {}, {}, None, None, 1, 10, "x", {}, {}
)
NASTY: dict[str, dict[str, Any]] = {
    "numbers": {"configuration": {"a": 0.1 + 0.2, "b": 5e-324, "c": -0.0, "d": 10**40, "e": 1.0}},
    "kinds": {"configuration": {"a": True, "b": 1, "c": "1", "d": None, "e": [], "f": {}}},
    "what looks like a time": {"tags": {"a": "2026-11-02T09:00:00Z", "b": "1.0"}},
    "halves": {"description": "a\ud800b", "tags": {"a": "\udfff"}},
    "odd text": {"description": "\0 \u2028 é 😀 \r\n", "properties": {"é.\0": ""}},
    "no numbers": {"schema": {"a": [float("nan"), float("inf")]}},
    "microseconds": {"registered_at": datetime(2026, 1, 1, 1, 1, 1, 123456, tzinfo=UTC)},
    "a time elsewhere": {
        "registered_at": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    },
    "nothing": {"probes": {"qa": Probe(200, 0.1, ())}, "terms": {"voices": []}},
    "everything": {
        "current": Current("d", 60, ModelVersion("a", "1"), None, None, START, True),
        "comparisons": (
            Comparison("[]", Answered(200, 1e-9, float("nan")), None, "no", (), 3),
            Comparison("[]", None, Answered(200, 0.5, {"a": [None]})),
        ),
        "changes": (Difference("a", float("nan"), [1, 1.0, True]),),
        "skipped": (Skipped("3", None, None, Outcome.REJECTED, "w", ("a: b",)),),
        "checks": (Check("quota", None, "Azure does not tell."),),
        "changed_since": (Difference("b", None, {}),),
    },
}


@pytest.mark.parametrize("name", NASTY)
def test_what_the_store_gives_back_has_the_same_digest(name: str) -> None:
    evidence = replace(PLAIN, **NASTY[name])
    row = {"PartitionKey": "r", "RowKey": "evidence", **encode(evidence)}
    assert digest_of(decode(Evidence, row)) == digest_of(evidence)
    assert digest_of(evidence) != digest_of(PLAIN)


def test_the_digest_is_of_the_ask_s_content_and_not_of_its_number() -> None:
    assert digest_of(PLAIN) == digest_of(replace(PLAIN, ask=7))


def test_half_a_character_in_a_tag_s_name_voids_nothing() -> None:
    story = Timeline(gated(ASKED))
    release_id = story.releasing.begin()
    model = ModelVersion("diabetes", "3")
    there = story.world.models.add(QA, model, tags={"a\ud800": "\ud800"}, at=START)
    assert there.path
    story.world.orchestrations.start(release_id=release_id)
    story.at(story.decides(release_id, Choice.APPROVE), hours=3)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert story.events(release_id, EventType.APPROVAL_VOIDED) == []
