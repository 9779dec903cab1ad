"""What operators are told of whole releases: each thing once, however often it is delivered."""

import logging
from collections import Counter as Counting
from datetime import timedelta

import pytest

from shared.domain.decision import Choice
from shared.domain.errors import Failure, FailureKind
from shared.domain.pipeline import Json
from shared.domain.release import Outcome, ReleaseId
from shared.ports import Counter, Timing
from shared.workflow.intake import take_event
from shared.workflow.sweeper import sweep
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import ADA, QA, Releasing


def run(releasing: Releasing, choice: Choice = Choice.APPROVE, *, deliveries: int = 1) -> ReleaseId:
    release_id = releasing.begin()

    def people() -> bool:
        releasing.decide(release_id, choice)
        return True

    Inline(releasing.world, releasing.world.services, deliveries=deliveries, people=people).run(
        release_id
    )
    return release_id


@pytest.mark.parametrize("deliveries", [1, 2, 3])
def test_an_ended_release_is_counted_once(deliveries: int) -> None:
    releasing = Releasing()
    run(releasing, deliveries=deliveries)
    telemetry = releasing.world.telemetry
    assert telemetry.counted == [
        (Counter.RELEASES, {"pipeline": "diabetes", "outcome": "Succeeded"})
    ]
    timed = Counting(
        (timing, tuple(sorted(attributes.items()))) for timing, _, attributes in telemetry.timed
    )
    stage = {name: (("pipeline", "diabetes"), ("stage", name)) for name in ("qa", "prod")}
    assert timed == {
        (Timing.STAGE, (*stage["qa"], ("state", "Succeeded"))): 1,
        (Timing.STAGE, (*stage["prod"], ("state", "Succeeded"))): 1,
        (Timing.WAIT, stage["prod"]): 1,
    }
    assert all(seconds >= 0 for _, seconds, _ in telemetry.timed)


def test_a_rejection_counts_as_one_and_its_words_are_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    releasing = Releasing()
    release_id = run(releasing, Choice.REJECT)
    (counted,) = releasing.world.telemetry.counted
    assert counted == (Counter.RELEASES, {"pipeline": "diabetes", "outcome": "Rejected"})
    events = [record for record in caplog.records if hasattr(record, "modelgate.event")]
    told = [getattr(record, "modelgate.event") for record in events]
    assert told == [event.type for event in releasing.world.store.events(release_id=release_id)]
    assert getattr(events[-1], "modelgate.outcome") == "Rejected"
    (decision,) = releasing.world.store.decisions(release_id=release_id)
    assert decision.comment == "seen"
    for record in events:
        assert "seen" not in record.getMessage()
        assert ADA not in record.getMessage()
        assert release_id in record.getMessage()


def test_everything_is_done_for_the_release_in_its_name() -> None:
    releasing = Releasing()
    release_id = run(releasing)
    done = releasing.world.telemetry.done
    assert {each for each, _, _ in done} == {release_id}
    activities = [doing for _, doing, _ in done]
    assert activities[0] == "begin_release"
    assert activities[-1] == "wrap_up"
    assert {stage for _, _, stage in done} == {None, "qa", "prod"}


def test_a_step_that_is_tried_again_is_counted_with_azures_code() -> None:
    releasing = Releasing()
    world = releasing.world
    throttled = Failure(FailureKind.TRANSIENT, "Throttled", "Too many requests.")
    world.models.faults.add("get", throttled)
    run(releasing)
    counted = world.telemetry.counted
    retries = [attributes for counter, attributes in counted if counter is Counter.RETRIES]
    assert retries == [{"activity": "begin_release", "code": "Throttled"}]


def test_a_registration_that_starts_nothing_is_counted() -> None:
    world = Releasing().world
    data: dict[str, Json] = {"ModelName": "other", "ModelVersion": "1"}
    take_event(
        world.services,
        world.orchestrations,
        event_id="e-1",
        type_="Microsoft.MachineLearningServices.ModelRegistered",
        source=QA.arm_id,
        at=world.clock.now(),
        data=data,
    )
    assert world.telemetry.counted == [(Counter.IGNORED, {})]


def test_the_sweepers_finds_are_counted_and_told_as_an_alert_looks_for_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    releasing = Releasing()
    release_id = releasing.begin()
    sweep(releasing.world.services, releasing.world.orchestrations)
    assert (Counter.SWEEPS, {"found": "restarted"}) in releasing.world.telemetry.counted
    (line,) = [r for r in caplog.records if getattr(r, "modelgate.event", "") == "Swept"]
    assert getattr(line, "modelgate.swept") == "restarted"
    assert release_id in line.getMessage()


def test_an_approval_that_ends_within_a_day_is_told(caplog: pytest.LogCaptureFixture) -> None:
    releasing = Releasing()
    world = releasing.world
    release_id = releasing.begin()
    inline = Inline(world, world.services)
    steps = inline.steps(release_id)
    while (wait := next(steps)).news is None:
        inline.fire(wait.timer)
    steps.close()

    def look(after: timedelta) -> list[str]:
        world.clock.advance(seconds=after.total_seconds())
        caplog.clear()
        sweep(world.services, world.orchestrations)
        found = [r for r in caplog.records if getattr(r, "modelgate.event", "") == "ExpiresSoon"]
        return [record.getMessage() for record in found]

    assert look(timedelta(0)) == []
    (told,) = look(timedelta(seconds=1))
    assert told.startswith(f"release {release_id}: the approval of prod ends at ")


def test_a_refused_last_mail_is_counted_and_shown() -> None:
    releasing = Releasing()
    world = releasing.world
    refused = Failure(FailureKind.FINAL, "InvalidAddress", "No such box.")
    release_id = releasing.begin()

    def people() -> bool:
        world.mailer.faults.add("send", refused)  # which the owner's is the next to meet
        releasing.decide(release_id, Choice.REJECT)
        return True

    Inline(world, world.services, people=people).run(release_id)
    assert releasing.release(release_id).outcome is Outcome.REJECTED
    (failed,) = [e for e in world.store.events(release_id=release_id) if e.type == "MailFailed"]
    assert failed.details == {"code": "InvalidAddress", "mail": "ended"}
    assert (Counter.MAIL_FAILURES, {"code": "InvalidAddress", "mail": "ended"}) in (
        world.telemetry.counted
    )
