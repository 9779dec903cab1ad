"""When an answer is good enough."""

import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.health import KINDS, judge, shape_problems
from shared.domain.pipeline import Health, Json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (1, "number"),
        (1.5, "number"),
        (1, "integer"),
        ("x", "string"),
        (True, "boolean"),
        (None, "null"),
        ([{}], "any"),
        (None, "any"),
        ([1, 2.5], ["number"]),
        ([[1], [2]], [["integer"]]),
        ({"result": [1]}, {"result": ["number"]}),
        ({"result": 1, "more": "x"}, {"result": "number"}),
        ({}, {}),
    ],
)
def test_values_that_fit(value: Json, shape: Json) -> None:
    assert shape_problems(value, shape) == []


@pytest.mark.parametrize(
    ("value", "shape", "problem"),
    [
        ("1", "number", "answer is a string instead of number"),
        (True, "number", "answer is a boolean instead of number"),
        (True, "integer", "answer is a boolean instead of integer"),
        (1.5, "integer", "answer is a number instead of integer"),
        (math.nan, "number", "answer is nan, which no JSON holds, instead of number"),
        ([1, -math.inf], ["number"], "answer[1] is -inf, which no JSON holds, instead of number"),
        ("no JSON", {}, "answer is a string instead of an object"),
        ("no JSON", "number", "answer is a string instead of number"),
        (None, "string", "answer is null instead of string"),
        (0, "boolean", "answer is a number instead of boolean"),
        ({}, ["number"], "answer is an object instead of a list"),
        ([], ["number"], "answer is an empty list"),
        ([1, "x"], ["number"], "answer[1] is a string instead of number"),
        ([1], {"result": "any"}, "answer is a list instead of an object"),
        ({"error": "x"}, {"result": "any"}, "answer has no 'result'"),
        ({"a": {"b": [None]}}, {"a": {"b": ["number"]}}, "answer.a.b[0] is null instead of number"),
    ],
)
def test_departures_are_named_with_their_place(value: Json, shape: Json, problem: str) -> None:
    assert shape_problems(value, shape) == [problem]


def test_long_lists_of_wrong_items_are_cut_short() -> None:
    assert len(shape_problems(["x"] * 1000, ["number"])) == 5


def test_long_values_are_quoted_in_part() -> None:
    cases: tuple[tuple[Json, str], ...] = (
        ("x" * 1_000_000, f"{'x' * 200!r}…"),
        (["x"] * 1_000_000, "a list"),
        ({"x" * 1_000_000: 1}, "an object"),
        (10**5_000, "a number"),
        ("a\nb", "'a\\nb'"),
        (2, "2"),
    )
    for value, shown in cases:
        assert shape_problems(value, 1) == [f"answer is {shown} instead of 1"]


def test_no_more_items_are_looked_at_than_problems_are_told() -> None:
    class Counting(list[Json]):
        seen = 0

        def __iter__(self) -> Iterator[Json]:
            for each in super().__iter__():
                self.seen += 1
                yield each

    shapes: list[Json] = [["number"], [{"a": "number", "b": "number"}], [["number"]]]
    for shape in shapes:
        items = Counting(["x"] * 100_000)
        assert len(shape_problems(items, shape)) == 5
        assert items.seen <= 5


def test_a_million_items_are_judged_in_seconds() -> None:
    items: Json = [{"a": [1.5, None]}] * 300_000
    started = time.process_time()
    assert shape_problems(items, [{"a": ["any"]}]) == []
    assert time.process_time() - started < 10


shapes = st.recursive(
    st.sampled_from([*KINDS]) | st.none() | st.booleans() | st.integers(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=1) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(values | st.integers(10**4_400, 10**4_401), shapes)
def test_any_answer_is_judged_by_any_shape(value: Json, shape: Json) -> None:
    told = judge(health(shape), status=200, latency_seconds=0, body=value)
    assert all(len(problem) < 1_000 for problem in told.problems)


@given(values)
def test_any_takes_everything(value: Json) -> None:
    assert shape_problems(value, "any") == []


@given(values, st.sampled_from(["number", "string", "boolean", "null"]))
def test_a_value_fits_one_kind_at_most_and_a_list_or_object_none(value: Json, kind: str) -> None:
    kinds: dict[str, Any] = {
        "number": (int, float),
        "string": str,
        "boolean": bool,
        "null": type(None),
    }
    fits = isinstance(value, kinds[kind]) and not (kind == "number" and isinstance(value, bool))
    assert (shape_problems(value, kind) == []) == fits


def health(shape: Json = None, *, max_latency: float | None = None) -> Health:
    return Health(60, 1, [[1]], 200, shape, max_latency)


def test_a_good_answer_has_no_problem() -> None:
    probe = judge(health(["number"], max_latency=1), status=200, latency_seconds=1, body=[1])
    assert probe.problems == ()
    assert (probe.status, probe.latency_seconds) == (200, 1)


def test_a_wrong_status_is_told_without_its_body() -> None:
    probe = judge(health(["number"]), status=500, latency_seconds=0.1, body={"trace": "…"})
    assert probe.problems == ("answered 500 instead of 200",)


def test_a_slow_answer_is_told_together_with_its_shape() -> None:
    judged = judge(health(["number"], max_latency=0.5), status=200, latency_seconds=0.75, body="x")
    assert judged.problems == (
        "answer is a string instead of a list",
        "took 0.75 s; the limit is 0.5 s",
    )


def test_without_a_shape_any_answer_will_do_even_a_plain_text() -> None:
    assert judge(health(), status=200, latency_seconds=9, body="no JSON").problems == ()


def problems(body: Json, shape: Json, status: int = 200, expected: int = 200) -> tuple[str, ...]:
    health = Health(600, 15, {}, expected, shape, None)
    return judge(health, status=status, latency_seconds=0.1, body=body).problems


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ('{"result": [1.5]}', {"result": ["number"]}),
        (" [1, 2]", ["integer"]),
        ('{"result": [1.5]}', "string"),
        ('{"result": [1.5]}', None),
        ('{"error": "x"}', {"error": "string"}),
        ({"error": None, "result": 1}, {"result": "number"}),
        ({"error": ""}, None),
        ("No error: fine", "string"),
        ("the Error: of 2 %", None),
    ],
)
def test_a_json_text_inside_a_string_is_looked_into(body: Json, shape: Json) -> None:
    assert problems(body, shape) == ()


@pytest.mark.parametrize(
    ("body", "shape", "problem"),
    [
        ('{"error": "no column AGE"}', "string", "answered with an error: 'no column AGE'"),
        ('{"error": "no column AGE"}', None, "answered with an error: 'no column AGE'"),
        ('{"error": "x"}', {"result": ["number"]}, "answered with an error: 'x'"),
        ({"error": {"code": 3}}, None, "answered with an error: an object"),
        (
            "DataException:\n\tMessage: x",
            None,
            "answered with an error: 'DataException:\\n\\tMessage: x'",
        ),
        (
            "Traceback (most recent call last)",
            "string",
            "answered with an error: 'Traceback (most recent call last)'",
        ),
        ('{"result": ["x"]}', {"result": ["number"]}, "answer.result[0] is a string instead of"),
        ("{no JSON", {"result": ["number"]}, "answer is a string instead of an object"),
        ("1", "number", "answer is a string instead of number"),
        ('"{}"', {}, "answer is a string instead of an object"),
    ],
)
def test_an_error_is_not_healthy_whatever_the_status(body: Json, shape: Json, problem: str) -> None:
    (found,) = problems(body, shape)
    assert found.startswith(problem)


def test_an_error_under_an_error_s_own_status_is_what_the_pipeline_expects() -> None:
    assert problems({"error": "too few columns"}, None, status=400, expected=400) == ()
