"""Pipeline files that PyYAML or Python would trip over end as problems with file and line."""

import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.limits import YAML_DEPTH
from shared.pipelines import InvalidPipelinesError, load_pipelines
from tests.unit.pipelines.test_errors import GOOD, problems, write

SAMPLE = "sample_request: sample.json"


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("model: diabetes", "model: 2026-02-30", "3: model: cannot be read: 2026-02-30"),
        ("model: diabetes", f"model: {'9' * 5_000}", f"3: model: cannot be read: {'9' * 200}…"),
        ("model: diabetes", f"model: 0x{'9' * 5_000}", "3: model: has more than 18 digits: 0x99"),
        (
            "instance_count: 1",
            f"instance_count: {'9' * 30}",
            "9: stages[0].compute.instance_count: h",
        ),
        ("model: diabetes", "model: !!bool maybe", "3: model: cannot be read: maybe"),
        ("model: diabetes", "model: !!timestamp soon", "3: model: cannot be read: soon"),
        ("model: diabetes", "model: !!int ''", "3: model: cannot be read: "),
        ("model: diabetes", "model: !!python/name:os.system ''", "3: model: cannot be read: "),
        ("model: diabetes", 'model: "\\ud800"', "3: model: holds text that is no Unicode: \ufffd"),
        ("model: diabetes", "model: &m [*m]", "3: is nested more than 64 levels deep, or an alias"),
        ("model: diabetes", "model: &m {a: [*m, *m]}", "3: is nested more than 64 levels deep"),
        ("model: diabetes", f"model: {nested(YAML_DEPTH + 1)}", "3: is nested more than 64"),
        ("model: diabetes", f"model: {nested(20_000)}", "3: is nested more than 64 levels"),
        ("model: diabetes", "? [a, b]\n: c", "1: has a key that is no text"),
        ("model: diabetes", laughs(12), ": holds more than 100,000 values, with what aliases"),
        ("model: diabetes", f"{laughs(12)}\n? *a11\n: b", ": holds more than 100,000 values"),
        ("model: diabetes", "model: dia\x00betes", "3: cannot be read: U+0000 may not stand in"),
        ("model: diabetes", "model: dia\x1bbetes", "3: cannot be read: U+001B may not stand in"),
        ("model: diabetes", 'model: "\\UFFFFFFFF"', "3: is no YAML"),
        (
            "folder: scoring",
            'folder: "sco\\0ring"',
            "16: stages[0].code.folder: is no path: sco\ufffd",
        ),
        ("sample.json", '"sam\\0ple.json"', "19: stages[0].health.sample_request: is no path: sam"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    write(tmp_path, GOOD.replace(old, new, 1))
    found = problems(tmp_path)
    assert [line for line in found if line.startswith("one.yaml:") and told in line], found
    assert all(line.startswith("one.yaml:") and len(line) < 500 for line in found)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[" * 200_000, "sample.json is nested too deeply"),
        (nested(YAML_DEPTH + 1).encode(), "sample.json is nested too deeply"),
        (b"9" * 5_000, "sample.json is no JSON"),
        (b'"\xff"', "sample.json is no UTF-8"),
        (b'["\\ud800"]', "sample.json holds text that is no Unicode"),
        (b"[1,", "sample.json is no JSON: Expecting value: line 1 column 4"),
    ],
)
def test_a_sample_that_cannot_be_read_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "sample.json").write_bytes(content)
    (problem,) = problems(tmp_path)
    assert problem.startswith(f"one.yaml:19: stages[0].health.sample_request: {told}")


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "one.yaml").write_bytes(
        GOOD.replace("model: diabetes", "model: d").encode() + b"\xff"
    )
    assert problems(tmp_path) == [
        f"one.yaml:{GOOD.count('\n') + 1}: cannot be read: it is no UTF-8"
    ]


def test_anchors_and_aliases_stay_allowed(tmp_path: Path) -> None:
    write(
        tmp_path,
        GOOD.replace("timeout: 5s", "timeout: &t 30s").replace("timeout: 30m", "timeout: *t"),
    )
    (pipeline,) = load_pipelines(tmp_path, {}).values()
    assert pipeline.stages[0].health.timeout_seconds == 30


def test_aliases_of_aliases_cost_little(tmp_path: Path) -> None:
    write(tmp_path, f"{laughs(40)}\n{GOOD}")
    tracemalloc.start()
    started = time.process_time()
    assert problems(tmp_path)
    taken, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 30
    assert peak < 100_000_000


PIECES = st.sampled_from(
    [
        *(": ", "- ", "? ", "\n", "\n  ", "{", "}", "[", "]", ",", "&a ", "*a", "<<: ", "!!int "),
        *(
            "!!bool ",
            "!!timestamp ",
            "!!set ",
            "!!binary ",
            "! ",
            "|\n",
            ">\n",
            '"',
            "'",
            "\\0",
            "\\ud800",
        ),
        *(
            "---\n",
            "...\n",
            "2026-02-30",
            "12:60",
            "0x",
            ".inf",
            ".nan",
            "1e999",
            "~",
            "${A}",
            "\t",
        ),
        *("name: ", "stages:", "approval: ", "approvers: ", "freeze", "sample_request: ", "json: "),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 30),
    st.lists(PIECES | st.text(max_size=4), max_size=8).map("".join),
)
def test_any_change_of_a_good_file_is_read_or_told(
    tmp_path: Path, at: int, length: int, new: str
) -> None:
    write(tmp_path, "")
    text = GOOD[:at] + new + GOOD[at + length :]
    (tmp_path / "one.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load_pipelines(tmp_path, {"A": "a"})
    except InvalidPipelinesError as error:
        told = error.problems
    else:
        told = []
    assert all(problem.line >= 1 for problem in told)
