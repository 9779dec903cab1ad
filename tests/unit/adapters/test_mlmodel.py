"""Signatures out of `MLmodel` files, as MLflow writes them."""

import pytest

from shared.adapters.mlmodel import signature_in

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
