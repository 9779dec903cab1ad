"""No sequence of moves leaves the table; an outcome is written once and never claimed early."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import IllegalTransitionError
from shared.domain.release import (
    ModelVersion,
    Outcome,
    Release,
    ReleaseId,
    StageRecord,
    StageState,
)
from shared.domain.transitions import (
    STAGE_TRANSITIONS,
    TERMINAL_STAGES,
    end_release,
    is_waiting,
    move_stage,
)

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

WAY = (StageState.DEPLOYING, StageState.PROBING, StageState.SHIFTING, StageState.SUCCEEDED)

moves = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["qa", "prod"]), st.sampled_from(StageState)),
        st.sampled_from(Outcome),
    ),
    max_size=25,
)


def new_release(*states: StageState) -> Release:
    stages = [StageRecord(name) for name in ("qa", "prod")]
    for position, state in enumerate(states):
        stages[position] = replace(stages[position], state=state, started_at=AT)
    return Release(
        id=ReleaseId("one"),
        pipeline="diabetes",
        model=ModelVersion("diabetes", "3"),
        workspace="/subscriptions/s",
        attempt=1,
        created_at=AT,
        updated_at=AT,
        stages=tuple(stages),
    )


def states(release: Release) -> tuple[StageState, ...]:
    return tuple(stage.state for stage in release.stages)


def test_every_state_is_in_the_table() -> None:
    assert STAGE_TRANSITIONS.keys() == set(StageState)
    assert set(TERMINAL_STAGES) == {StageState.SUCCEEDED, StageState.STOPPED}


@given(moves)
def test_no_sequence_of_moves_leaves_the_table(
    sequence: list[tuple[str, StageState] | Outcome],
) -> None:
    release = new_release()
    outcomes = []
    for move in sequence:
        before = release
        try:
            if isinstance(move, Outcome):
                release = end_release(release, move, "why", AT)
                outcomes.append(move)
            else:
                name, state = move
                release = move_stage(release, release.stage_named(name), state, AT)
        except IllegalTransitionError:
            assert release is before
            continue
        assert not before.is_over
        for old, new in zip(before.stages, release.stages, strict=True):
            assert old.state == new.state or new.state in STAGE_TRANSITIONS[old.state]
        if release.stages[1].state not in (StageState.PENDING, StageState.STOPPED):
            assert release.stages[0].state is StageState.SUCCEEDED
    assert len(outcomes) <= 1
    if Outcome.SUCCEEDED in outcomes:
        assert states(release) == (StageState.SUCCEEDED, StageState.SUCCEEDED)


@given(st.sampled_from(Outcome), st.sampled_from(Outcome))
def test_an_outcome_is_written_once(first: Outcome, second: Outcome) -> None:
    ended = end_release(new_release(StageState.SUCCEEDED, StageState.SUCCEEDED), first, "first", AT)
    with pytest.raises(IllegalTransitionError, match="cannot become"):
        end_release(ended, second, "second", AT)


@pytest.mark.parametrize(
    "stages",
    [
        (),
        (StageState.SUCCEEDED,),
        (StageState.SUCCEEDED, StageState.SHIFTING),
        (StageState.STOPPED,),
    ],
)
def test_succeeded_needs_every_stage(stages: tuple[StageState, ...]) -> None:
    with pytest.raises(IllegalTransitionError):
        end_release(new_release(*stages), Outcome.SUCCEEDED, "", AT)


@pytest.mark.parametrize(
    "state", [state for state in StageState if state not in TERMINAL_STAGES | {StageState.PENDING}]
)
def test_an_end_stops_the_stage_that_had_begun_and_no_other(state: StageState) -> None:
    ended = end_release(new_release(StageState.SUCCEEDED, state), Outcome.FAILED, "why", AT)
    assert states(ended) == (StageState.SUCCEEDED, StageState.STOPPED)
    assert (ended.ended_at, ended.stages[1].ended_at, ended.reason) == (AT, AT, "why")


def test_an_end_leaves_a_stage_that_never_began_pending() -> None:
    ended = end_release(new_release(StageState.SUCCEEDED), Outcome.ABORTED, "why", AT)
    assert states(ended) == (StageState.SUCCEEDED, StageState.PENDING)


def test_a_stage_keeps_when_it_started_and_gets_when_it_ended() -> None:
    release = new_release()
    for hours, state in enumerate(WAY):
        at = AT.replace(hour=10 + hours)
        release = move_stage(release, release.stages[0], state, at)
        assert release.updated_at == at
    record = release.stages[0]
    assert record.started_at == AT.replace(hour=10)
    assert record.ended_at == AT.replace(hour=13)


def test_the_refusal_names_release_stage_and_both_states() -> None:
    release = new_release()
    with pytest.raises(IllegalTransitionError, match=r"stage prod of release one is Pending"):
        move_stage(release, release.stages[1], StageState.DEPLOYING, AT)


@pytest.mark.parametrize("state", StageState)
def test_a_release_waits_where_people_are_asked(state: StageState) -> None:
    here = state is StageState.WAITING
    assert is_waiting(new_release(state), "qa") is here
    there = new_release(StageState.SUCCEEDED, state)
    assert is_waiting(there, "prod") is here
    assert not is_waiting(there, "qa")
    assert not is_waiting(there, "elsewhere")


def test_a_release_that_is_over_waits_nowhere() -> None:
    over = replace(new_release(StageState.WAITING), outcome=Outcome.EXPIRED)
    assert not is_waiting(over, "qa")
    ended = end_release(new_release(StageState.WAITING), Outcome.ABORTED, "why", AT)
    assert not is_waiting(ended, "qa")
