"""Releases that wait at a gate, on the engine: they begin anew, hear what is rung, and give way."""

from dataclasses import replace
from functools import partial

import pytest

from shared.domain.decision import Choice
from shared.domain.policy import Supersede
from shared.domain.release import ReleaseId
from shared.ports import ConflictError
from shared.workflow.contract import RELEASE
from shared.workflow.orchestrators import gate
from tests.workflow.running import Running


@pytest.mark.parametrize("rings", [7, 30])
def test_a_release_that_begins_anew_again_and_again_hears_what_is_rung(
    running: Running, monkeypatch: pytest.MonkeyPatch, rings: int
) -> None:
    monkeypatch.setattr(gate, "REVIEWS_PER_GENERATION", 2)
    release_id = running.releasing.begin()
    running.start(release_id)
    running.until_asked(release_id)
    for _ in range(rings):  # each one is a look, and every second look a new generation
        running.ring(release_id)
    running.approve(release_id)
    running.ring(release_id)
    assert running.outcome(release_id) == "Succeeded"
    began = [name for name, _ in running.versions if name == RELEASE]
    assert len(began) > 2
    trail = running.releasing.trail(release_id)
    assert (trail["ApprovalRequested"], trail["ApprovalVoided"]) == (1, 0)
    assert trail["Decided"] == 1
    asked = [mail for mail in running.releasing.world.mailer.sent if "Approve" in mail.subject]
    assert len(asked) == 2


def test_a_word_while_it_begins_anew_is_not_lost(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "REVIEWS_PER_GENERATION", 1)
    ids = [running.releasing.begin(str(version)) for version in range(3, 7)]
    for release_id in ids:
        running.start(release_id)
    for release_id in ids:
        running.until_asked(release_id)
        running.ring(release_id)  # it looks, and begins anew, while the answer comes
        running.until(partial(_says_no, running, release_id))
        running.ring(release_id)
    assert [running.outcome(release_id) for release_id in ids] == ["Rejected"] * 4


def _says_no(running: Running, release_id: ReleaseId) -> bool:
    try:
        running.releasing.decide(release_id, Choice.REJECT)
    except ConflictError:
        return False
    return True


def test_a_bell_for_a_release_that_nobody_drives_disturbs_nobody(running: Running) -> None:
    replacing(running)
    older, newer = running.releasing.begin("3"), running.releasing.begin("4")
    running.start(older)
    running.until_asked(older)
    running.client.terminate_orchestration(older)
    running.client.wait_for_orchestration_completion(older, timeout=20)
    running.client.purge_orchestration(older)
    running.start(newer)
    running.approve(newer)
    running.ring(newer)
    assert running.outcome(newer) == "Succeeded"
    assert running.releasing.release(older).superseded_by == newer
    running.start(older)  # as the sweeper does
    assert running.outcome(older) == "Superseded"


def test_an_older_release_hears_at_once_that_a_newer_one_takes_its_place(running: Running) -> None:
    replacing(running)
    older, newer = running.releasing.begin("3"), running.releasing.begin("4")
    running.start(older)
    running.until_asked(older)
    running.start(newer)
    assert running.outcome(older) == "Superseded"
    running.approve(newer)
    running.ring(newer)
    assert running.outcome(newer) == "Succeeded"


def replacing(running: Running) -> None:
    """Newer versions end older ones at the gate."""
    (pipeline,) = running.releasing.world.pipelines
    qa, prod = pipeline.stages
    assert prod.approval is not None
    prod = replace(prod, approval=replace(prod.approval, supersede=Supersede.REPLACE))
    running.releasing.world.pipelines = (replace(pipeline, stages=(qa, prod)),)
