"""Replay: every recorded turn, executed again from its history, asks for the same actions."""

import logging
from typing import Any

from durabletask.serialization import JsonDataConverter
from durabletask.worker import _OrchestrationExecutor

from tests.workflow.running import Running


def again(running: Running, turn: Any) -> list[bytes]:  # noqa: ANN401
    """What a fresh executor makes of a recorded turn."""
    executor = _OrchestrationExecutor(
        running.worker._registry, logging.getLogger("replay"), JsonDataConverter()
    )
    result = executor.execute(turn.instanceId, turn.pastEvents, turn.newEvents)
    return [action.SerializeToString(deterministic=True) for action in result.actions]


def test_a_whole_release_replays_to_the_same_actions(running: Running) -> None:
    running.releasing.world.endpoints.looks = 4
    release_id = running.releasing.begin()
    running.start(release_id)
    running.approve(release_id)
    running.ring(release_id)
    assert running.outcome(release_id) == "Succeeded"
    turns = list(running.worker.turns)
    assert len(turns) > 40
    for turn in turns:
        assert again(running, turn) == again(running, turn)


def test_the_whole_history_replays_to_the_same_end(running: Running) -> None:
    release_id = running.releasing.begin()
    running.start(release_id)
    running.approve(release_id)
    running.ring(release_id)
    assert running.outcome(release_id) == "Succeeded"
    turns = [turn for turn in running.worker.turns if turn.instanceId == release_id]
    whole = [*turns[-1].pastEvents, *turns[-1].newEvents]
    executor = _OrchestrationExecutor(
        running.worker._registry, logging.getLogger("replay"), JsonDataConverter()
    )
    last = executor.execute(release_id, whole[:-1], whole[-1:]).actions[-1]
    assert last.completeOrchestration.result.value == '"Succeeded"'
    assert not last.completeOrchestration.HasField("failureDetails")
