"""What has changed between two JSON values, and which tags are measurements."""

import tracemalloc

import pytest

from shared.domain.evidence import Difference, differences, differing, metrics_of
from shared.domain.pipeline import Json


class TestDifferences:
    def test_leaf_by_leaf_by_name(self) -> None:
        before: Json = {"z": 1, "compute": {"count": 1, "size": "S"}, "same": [1, {"a": None}]}
        after: Json = {"a": 0, "compute": {"count": 2, "size": "S"}, "same": [1, {"a": None}]}
        assert differences(before, after) == [
            Difference("a", None, 0),
            Difference("compute.count", 1, 2),
            Difference("z", 1, None),
        ]

    def test_below_a_path(self) -> None:
        assert differences({"r2": 0.9}, {"r2": 0.8}, "metrics") == [
            Difference("metrics.r2", 0.9, 0.8)
        ]

    def test_places_in_lists(self) -> None:
        before: Json = {"rows": [[1, 2], {"a": [3]}]}
        after: Json = {"rows": [[1, 5], {"a": [4]}]}
        assert differences(before, after) == [
            Difference("rows[0][1]", 2, 5),
            Difference("rows[1].a[0]", 3, 4),
        ]
        assert differences([1], [2]) == [Difference("[0]", 1, 2)]

    def test_lists_of_other_lengths_as_a_whole(self) -> None:
        assert differences({"a": [1, 2]}, {"a": [1]}) == [Difference("a", [1, 2], [1])]
        assert differences([], [None]) == [Difference("", [], [None])]

    @pytest.mark.parametrize(
        ("one", "other"),
        [(True, 1), (False, 0), (None, 0), (None, False), ("1", 1), ({}, []), ({}, None), ("", [])],
    )
    def test_other_kinds_are_not_alike(self, one: Json, other: Json) -> None:
        assert differences(one, other) == [Difference("", one, other)]
        assert differences({"a": [other]}, {"a": [one]}) == [Difference("a[0]", other, one)]

    @pytest.mark.parametrize("value", [None, True, 0, 1.5, "x", [1, [2]], {"a": {"b": []}}])
    def test_none_where_all_is_as_it_was(self, value: Json) -> None:
        assert differences(value, value) == []

    def test_numbers_are_alike_however_they_are_written(self) -> None:
        assert differences({"a": 1}, {"a": 1.0}) == []


class TestMetrics:
    def test_the_finite_numbers(self) -> None:
        given = {"r2": "0.91", "loss": "-1e-3", "rows": "12", "kind": "churn", "empty": ""}
        assert metrics_of(given) == {"r2": 0.91, "loss": -0.001, "rows": 12.0}

    @pytest.mark.parametrize(
        "text", ["nan", "NaN", "inf", "-Infinity", "1e999", "2026_11", "true", "0x10", "1,5", "5%"]
    )
    def test_nothing_else(self, text: str) -> None:
        assert metrics_of({"r2": text}) == {}

    @pytest.mark.parametrize(
        "name", ["azureml.nodeid", "azureml_version", "modelgate-attempt", "mlflow.version"]
    )
    def test_names_that_people_do_not_give_are_left_out(self, name: str) -> None:
        assert metrics_of({name: "3", "my-mlflow.r2": "4"}) == {"my-mlflow.r2": 4.0}

    def test_of_tags_and_properties_the_last_that_is_a_number(self) -> None:
        assert metrics_of({"r2": "0.9", "f1": "0.5"}, {"r2": "0.8", "f1": "?"}) == {
            "r2": 0.8,
            "f1": 0.5,
        }
        assert metrics_of() == {}


def test_paths_are_no_longer_than_anybody_reads() -> None:
    one: Json = ["x"]
    other: Json = ["y"]
    for _ in range(60):
        one, other = {"k" * 1_000: [one]}, {"k" * 1_000: [other]}
    (found,) = differences(one, other)
    assert len(found.field) < 500


def test_a_million_differences_take_little_memory_one_by_one() -> None:
    names = [f"n{number}" for number in range(200_000)]
    one: dict[str, Json] = dict.fromkeys(names, 1)
    other: dict[str, Json] = dict.fromkeys(names, 2)
    tracemalloc.start()
    count = len([None for _ in differing(one, other)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == len(names)
    assert peak < 30_000_000  # the sorted names, and no differences
