import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from dev.host.functions import parse_functions
from dev.host.protos import Message
from dev.host.settings import SettingsError, read_host_settings
from tests.host.hosting import APPS, ROOT, command, running_host


def start_and_fail(app: Path, **environment: str) -> str:
    """Run a host that does not start; what it says."""
    result = subprocess.run(  # noqa: S603 (our own host)
        command(app),
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    return result.stderr


def test_an_app_that_does_not_import_fails_with_the_workers_words() -> None:
    words = start_and_fail(APPS / "broken_import")
    assert "ModuleNotFoundError: No module named 'no_such_package'" in words
    assert "dev/host/host.py" not in words, "no traceback of the host's own"


def test_a_function_that_does_not_index_fails_with_the_workers_words() -> None:
    words = start_and_fail(APPS / "broken_binding")
    assert "cannot load the never function" in words
    assert "{'request'}" in words


def test_a_schedule_without_its_setting_fails_by_name() -> None:
    assert "tick: '%NEVER%' does not resolve to a setting" in start_and_fail(APPS / "basic")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quickly_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running_host(APPS / "durable", tmp_path / "log") as host:
        host.start("sleep", 3600)
        for name in ("hangs", "blocks"):
            host.start("call", {"name": name, "input": 1})
            while not host.invocations(name)["started"]:
                time.sleep(0.05)
        family = [psutil.Process(host.process.pid)]
        family += family[0].children(recursive=True)
        began = time.monotonic()
        host.process.send_signal(number)
        assert host.process.wait(5) == 0
        assert time.monotonic() - began < 4
        assert not [process for process in family if process.is_running()]
        log = host.log.read_text()
        assert "Traceback" not in log
        assert "chttp2" not in log, "gRPC's core has nothing to say"


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as parent:  # noqa: S607
        try:
            with running_host(
                APPS / "durable", tmp_path / "log", "--parent", str(parent.pid)
            ) as host:
                parent.kill()
                assert host.process.wait(5) == 0
        finally:
            parent.kill()


def test_local_settings_are_variables_that_do_not_override(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text((APPS / "basic" / "function_app.py").read_text())
    values = '{"NEVER": "0 0 0 1 1 *", "FROM_FILE": "file", "FROM_BOTH": "file"}'
    (app / "local.settings.json").write_text(f'{{"IsEncrypted": false, "Values": {values}}}')
    with running_host(
        app, tmp_path / "log", "--state-dir", str(tmp_path), environment={"FROM_BOTH": "process"}
    ) as host:
        assert host.call("GET", "/api/settings/FROM_FILE").json() == "file"
        assert host.call("GET", "/api/settings/FROM_BOTH").json() == "process"
        assert host.function_key in (tmp_path / "keys.json").read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "host.json"),
        ("[]", "not an object"),
        ('{"functionTimeout":"x"}', "x"),
        ('{"extensions": 1}', "objects"),
    ],
)
def test_a_host_json_that_cannot_be_followed_says_why(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "host.json").write_text(text)
    with pytest.raises(SettingsError, match=words):
        read_host_settings(tmp_path, {})


def test_host_json_has_azures_defaults_and_settings_go_before_it(tmp_path: Path) -> None:
    defaults = read_host_settings(tmp_path, {})
    assert (defaults.route_prefix, defaults.default_version) == ("api", None)
    assert (defaults.version_match, defaults.version_failure) == ("CurrentOrOlder", "Reject")
    assert defaults.max_activities == 10 * (os.cpu_count() or 1)
    overrides = {"AzureFunctionsJobHost__Extensions__HTTP__RoutePrefix": "v1"}
    assert read_host_settings(tmp_path, overrides).route_prefix == "v1"


def test_functions_that_are_disabled_or_not_for_this_host_are_left_out() -> None:
    def metadata(name: str, kind: str) -> Message:
        binding = f'{{"direction": "IN", "type": "{kind}", "name": "x"}}'
        return Message(name=name, function_id=name, raw_bindings=[binding])

    found = [metadata("a", "timerTrigger"), metadata("b", "timerTrigger"), metadata("c", "queue")]
    assert parse_functions(found, {"AzureWebJobs.b.Disabled": "1"}).names == ["a"]
