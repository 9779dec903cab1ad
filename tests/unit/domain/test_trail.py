"""The audit trail counts from one without gaps, whatever is noted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import Failure, FailureKind, StepError
from shared.domain.pipeline import Health, ManagedCompute, Pipeline, Stage, Workspace
from shared.domain.release import AuditEvent, EventType, ModelVersion, StageState
from shared.domain.trail import SERVICE, Change, begin

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
QA = Workspace("5b1d", "rg-qa", "wk-qa")
MODEL = ModelVersion("diabetes", "3")


def stage(name: str) -> Stage:
    health = Health(60, 1, [[1]], 200, None, None)
    return Stage(name, QA, None, f"api-{name}", ManagedCompute("Standard_DS3_v2", 1), health)


PIPELINE = Pipeline("diabetes", QA, "diabetes", (stage("qa"), stage("prod")))


def test_a_release_begins_with_its_first_event() -> None:
    change = begin(PIPELINE, MODEL, at=AT, details={"event_id": "e1"})
    (event,) = change.events
    assert (event.number, event.type, event.actor) == (1, EventType.STARTED, SERVICE)
    assert event.message == "Release of diabetes version 3 started on registration in wk-qa"
    assert event.details == {"event_id": "e1"}
    assert change.release.last_event == 1
    assert [record.state for record in change.release.stages] == [StageState.PENDING] * 2
    assert change.release.workspace == QA.arm_id
    assert change.release.stage is None


def test_a_release_by_hand_names_who_asked_for_it() -> None:
    change = begin(PIPELINE, MODEL, at=AT, attempt=2, requested_by="ada@example.com")
    assert change.events[0].actor == "ada@example.com"
    assert change.events[0].message.endswith("started by ada@example.com")
    assert change.release.id.endswith("-2")


@given(st.lists(st.sampled_from(EventType), max_size=10), st.integers(0, 5))
def test_numbers_have_no_gaps(types: list[EventType], written: int) -> None:
    change = begin(PIPELINE, MODEL, at=AT)
    trail: list[AuditEvent] = []
    for position, type_ in enumerate(types):
        if position == written:  # a new write follows on what the last one left
            trail += change.events
            change = Change(change.release)
        change = change.noting(type_, "x", at=AT + timedelta(seconds=position + 1))
    trail += change.events
    assert [event.number for event in trail] == list(range(1, len(types) + 2))
    assert change.release.last_event == len(trail)
    assert change.release.updated_at == AT + timedelta(seconds=len(types))


@given(
    st.builds(
        Failure,
        st.sampled_from(FailureKind),
        st.text(),
        st.text(),
        st.none() | st.floats(0, 1e6),
        st.booleans(),
    )
)
def test_failures_come_back_as_they_went(failure: Failure) -> None:
    assert Failure.from_json(failure.to_json()) == failure
    assert StepError(failure).failure == failure
