"""The stack's own end, wanted or not: nothing is left behind, and nothing is forgotten."""

import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.e2e import scenarios
from tests.e2e.pipelines import both, pipeline, write
from tests.e2e.stacks import WHOLE_TRAIL, Stack, types
from tests.e2e.starting import ROOT, command, environment, running

END_SECONDS = 30


def test_a_release_goes_on_where_the_killed_service_left_it(tmp_path: Path) -> None:
    state, pipelines = tmp_path / "state", write(tmp_path / "pipelines", scenarios.ENDINGS)
    state.mkdir()
    with running(state, pipelines, provision_seconds=3, scoring="process") as stack:
        release_id = stack.release_of("restarted")
        stack.waiting_for("deployment", release_id)
        kill_host(stack)
    with running(state, pipelines, provision_seconds=3, scoring="process") as stack:
        stack.sweep()
        stack.decide("restarted")
        stack.waiting_for("deployment", release_id)
        kill_host(stack)
    with running(state, pipelines, provision_seconds=3, scoring="process") as stack:
        stack.sweep()
        release = stack.succeeded(release_id)
        assert types(stack.events(release_id)) == WHOLE_TRAIL
        for role, stage in zip(("qa", "prod"), release["stages"], strict=True):
            assert stack.deployments(role, f"restarted-{role}") == {stage["deployment"]}
            assert stack.answer(role, f"restarted-{role}") == [2.0, 4.0]
        copies = stack.studio.client("prod").models.list("restarted-production")
        assert [model.version for model in copies] == ["1"]
        stack.owners_mail("restarted")
        assert len(stack.links("restarted")) == 1


def kill_host(stack: Stack) -> None:
    """Kill the function app's process; the stack then ends by itself, telling so."""
    (host,) = [each for each in stack.processes() if "dev.host" in each.cmdline()]
    host.send_signal(signal.SIGKILL)
    assert stack.process.wait(END_SECONDS) == 1


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)]
)
def test_no_process_outlives_the_stack(tmp_path: Path, number: int, code: int) -> None:
    pipelines = write(tmp_path / "pipelines", scenarios.ENDINGS)
    with running(tmp_path, pipelines, provision_seconds=0.1) as stack:
        stack.succeeded(stack.release_of("serving"))
        processes = stack.processes()
        assert len(processes) >= 4, "stack, host, storage and inference servers"
        stack.process.send_signal(number)
        assert stack.process.wait(END_SECONDS) == code
        _, alive = psutil.wait_procs(processes, END_SECONDS)
        assert [process.cmdline() for process in alive] == []


def test_invalid_pipelines_stop_the_app_at_start_with_all_their_errors(tmp_path: Path) -> None:
    stages = [{"name": f"stage-{n}", "endpoint": "x", "health": {}} for n in range(20)]
    wrong = [
        pipeline("no-compute", *stages),
        {**both("unknown-field"), "colour": "green"},
        {**both("unset"), "owners": ["${NOBODY}"]},
    ]
    pipelines = write(tmp_path / "pipelines", wrong)
    (tmp_path / "state").mkdir()
    done = subprocess.run(  # noqa: S603 (a fixed command)
        command(tmp_path / "state", pipelines),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    for number in range(20):
        assert f"stages[{number}].endpoint: " in done.stderr
        assert f"stages[{number}].health: sample_request is missing" in done.stderr
    assert "unknown-field.yaml:" in done.stderr
    assert "colour: " in done.stderr
    assert "there is no setting NOBODY for ${NOBODY}" in done.stderr
