"""What Azure says of errors and operations, whatever JSON holds it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.azureml.failures import answer_failure, operation_failure
from shared.adapters.azureml.operations import Kind, Started, status_of
from shared.domain.pipeline import Workspace
from shared.ports import OperationState

HERE = Workspace("s", "g", "w")
KEYS = ["error", "code", "message", "details", "additionalInfo", "type", "info", "value", "status"]
WORDS = [
    "InnerError",
    "UserError",
    "Failed",
    "Canceled",
    "BadArgument",
    'error detail: {"errors": 3}',
]
odd_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*KEYS, "errors", "innerError"]), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(st.integers(100, 599), odd_values)
def test_any_error_of_arm_is_told(status: int, body: object) -> None:
    told = answer_failure("Endpoint ep", HERE, status, json.dumps({"error": body}))
    assert told.code
    assert len(told.code) <= 100
    assert len(told.message) < 1_500


@given(st.integers(100, 599), st.text())
def test_any_text_with_a_status_is_told(status: int, text: str) -> None:
    told = answer_failure("Endpoint ep", HERE, status, text)
    assert f"HTTP {status}" in told.message


@given(st.one_of(odd_values, st.fixed_dictionaries({"status": odd_values, "error": odd_values})))
def test_any_answer_of_an_operation_is_understood_or_passed_over(body: object) -> None:
    found = status_of(Started(Kind.ENDPOINT, "ep", None), json.dumps(body))
    if found is not None and found.state is OperationState.FAILED:
        assert found.failure is not None
        assert len(found.failure.message) < 1_500


@pytest.mark.parametrize("text", ["[" * 200_000, "9" * 5_000, '{"status": {}}', '{"status": 3}'])
def test_what_is_no_operations_answer_is_passed_over(text: str) -> None:
    assert status_of(Started(Kind.ENDPOINT, "ep", None), text) is None


def test_errors_that_refer_to_themselves_come_to_an_end() -> None:
    error: dict[str, Any] = {"code": "BadArgument", "message": "m"}
    error |= {"details": [error]}
    error |= {"additionalInfo": [{"type": "InnerError", "info": {"value": error}}]}
    error["innerError"] = error
    told = operation_failure("Deployment blue", error)
    assert told.code == "BadArgument"


def test_long_words_cost_no_more_than_their_beginning() -> None:
    message = "key eyJ-" * 1_000_000
    told = operation_failure("Deployment blue", {"code": "x" * 10_000, "message": message})
    assert len(told.message) < 1_200
    assert len(told.code) == 100
