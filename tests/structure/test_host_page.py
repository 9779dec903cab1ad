"""docs/host.md explains every setting of host.json."""

import json
import re
from collections.abc import Iterator

from tests.structure.source import ROOT


def settings(value: object, path: str = "") -> Iterator[str]:
    """Every path to a value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from settings(inner, f"{path}.{name}" if path else name)
    else:
        yield path


PAGE = (ROOT / "docs" / "host.md").read_text("utf-8")
HOST = json.loads((ROOT / "host.json").read_text("utf-8"))


def test_every_setting_is_explained() -> None:
    table = PAGE.partition("\n## ")[0]
    explained = re.findall(r"^\| `([\w.]+)` \|", table, re.MULTILINE)
    there = list(settings(HOST))
    for path in there:
        assert any(path == name or path.startswith(f"{name}.") for name in explained), path
    for name in explained:
        assert any(path == name or path.startswith(f"{name}.") for path in there), name


def test_settings_that_go_before_the_file_lead_into_it() -> None:
    named = re.findall(r"`AzureFunctionsJobHost__(\w+)`", PAGE)
    assert len(named) == 3
    for name in named:
        place = HOST
        for part in name.split("__")[:-1]:
            place = place[part]
        assert isinstance(place, dict), name
    assert f"not called `{HOST['extensions']['durableTask']['hubName']}`" in PAGE


def test_there_is_a_thread_for_everything_that_runs_at_once() -> None:
    durable = HOST["extensions"]["durableTask"]
    limits = ("maxConcurrentActivityFunctions", "maxConcurrentOrchestratorFunctions")
    sample = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    threads = int(sample["PYTHON_THREADPOOL_THREAD_COUNT"])
    assert threads > sum(durable[limit] for limit in limits)
