"""Signatures out of `MLmodel` files, as MLflow writes them."""

import json
import time
import tracemalloc

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.mlmodel import PARTS, signature_in
from shared.domain.limits import MLMODEL_BYTES, YAML_DEPTH, YAML_NODES

WRITTEN_BY_MLFLOW = """\
artifact_path: model
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    python_version: 3.13.0
mlflow_version: 3.17.2
signature:
  inputs: '[{"type": "double", "name": "AGE", "required": true}, {"type": "double",
    "name": "BMI", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
  params: null
"""


def test_inputs_and_outputs_are_read_over_folded_lines() -> None:
    assert signature_in(WRITTEN_BY_MLFLOW) == {
        "inputs": [
            {"type": "double", "name": "AGE", "required": True},
            {"type": "double", "name": "BMI", "required": True},
        ],
        "outputs": [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}],
    }


@pytest.mark.parametrize(
    "text",
    ["", "a: [", "- a", "signature: none", "signature: {}", "signature: {inputs: null}", "\0"],
)
def test_what_tells_no_signature_gives_none(text: str) -> None:
    assert signature_in(text) is None


def test_a_part_that_is_no_json_is_kept_as_it_stands() -> None:
    assert signature_in("signature: {inputs: 'x: double'}") == {"inputs": "x: double"}


def test_no_object_is_made_of_tags() -> None:
    assert signature_in("signature: !!python/object/apply:os.getcwd []") is None


GOOD = 'signature: {inputs: "[1]"}\n'
LEVELS = "".join(
    f"m{n}: &m{n}\n{f'  <<: [*m{n - 1}, *m{n - 1}]\n' * 9}  k{n}: 1\n" for n in range(9)
)
BILLION = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "SafeLoader":
        monkeypatch.delattr(yaml, "CSafeLoader")


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    "odd",
    [
        "x: 2026-02-30",
        "x: 2026-02-30T99:99:99",
        f"x: {'9' * 5_000}",
        f"x: 0x{'9' * 5_000}",
        "x: 1e999",
        "x: =",
        "1: 2\n~: 3",
        f"x: {'[' * (YAML_DEPTH - 1)}{']' * (YAML_DEPTH - 1)}",
    ],
)
def test_what_other_fields_hold_does_not_matter(odd: str) -> None:
    assert signature_in(f"{odd}\n{GOOD}") == {"inputs": [1]}


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    "odd",
    [
        "x: &a 1",
        "x: &a 1\ny: *a",
        "x: *a",
        "x: &a [*a]",
        "<<: {a: 1}",
        "x: {<<: {a: 1}}",
        "x: !!int 1",
        "x: !!timestamp 2026-02-30",
        "x: !<tag:yaml.org,2002:python/name:os.system> ''",
        "? [a]\n: b",
        "? {a: b}\n: c",
        f"x: {'[' * YAML_DEPTH}{']' * YAML_DEPTH}",
        f"x: [{'a,' * (YAML_NODES)}]",
        f"%YAML 1.{'9' * 5_000}\n---",
        'x: "\\UFFFFFFFF"',
        "x: \ud800",
        "---\na: 1\n---",
        LEVELS,
        BILLION,
    ],
)
def test_what_mlflow_does_not_write_is_not_read(odd: str) -> None:
    assert signature_in(f"{odd}\n{GOOD}") is None


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    "text",
    [
        *(
            piece * (MLMODEL_BYTES // len(piece))
            for piece in ("[", "{", "- ", "? ", "[a, ", "{a: ")
        ),
        *(
            piece * (MLMODEL_BYTES // len(piece))
            for piece in ("- a\n", "--- a\n", "&a ", "! ", "[[],")
        ),
        "\n".join(" " * level + "a:" for level in range(350)),
        BILLION,
        LEVELS,
    ],
)
def test_what_is_read_takes_little_time_and_memory(text: str) -> None:
    tracemalloc.start()
    started = time.process_time()
    signature_in(text)
    taken, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 15  # nearly all of it for the tracing
    assert peak < 30_000_000


@pytest.mark.parametrize("part", ["[" * 1_000, "9" * 5_000, '"\\ud800"', "NaN]"])
def test_a_part_that_json_cannot_be_read_from_is_kept_as_it_stands(part: str) -> None:
    assert signature_in(json.dumps({"signature": {"inputs": part}})) == {"inputs": part}


PIECES = st.sampled_from(
    [
        *(
            "signature:",
            "inputs",
            "outputs: ",
            "'[1]'",
            ": ",
            "- ",
            "? ",
            "\n",
            "\n  ",
            "{",
            "}",
            "[",
        ),
        *(
            "]",
            ",",
            "&a ",
            "*a",
            "<<: ",
            "!!str ",
            "! ",
            "|\n",
            ">\n",
            '"',
            "'",
            "\\",
            "\\x",
            "#",
            "%YAML",
        ),
        *("---\n", "...\n", "2026-02-30", "0x", "\0", "\ud800", "\t", "~", "null"),
    ]
)


@given(st.lists(PIECES | st.text(max_size=4), max_size=30).map("".join))
def test_whatever_comes_tells_a_signature_or_none(text: str) -> None:
    signature = signature_in(text)
    assert signature is None or isinstance(signature, dict)
    if isinstance(signature, dict):
        assert set(signature) <= set(PARTS)
        json.dumps(signature, ensure_ascii=False).encode()


@given(st.dictionaries(st.sampled_from(PARTS), st.lists(st.integers() | st.text()), min_size=1))
def test_what_is_written_is_read(signature: dict[str, object]) -> None:
    written = {name: json.dumps(value) for name, value in signature.items()}
    assert signature_in(yaml.safe_dump({"signature": written})) == signature
