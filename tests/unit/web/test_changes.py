from dataclasses import replace

import pytest

from shared.domain.evidence import Difference
from shared.domain.pipeline import Json
from shared.web.changes import beside, change_of, delta, groups_of
from shared.web.formats import cut, duration, latency, pretty, shown, size
from tests.unit.web.samples import CHANGES, COMPARISON

SHA = "0123456789abcdef" * 4


def test_changes_are_grouped_by_kind_metrics_first() -> None:
    groups = groups_of([*CHANGES, Difference("model_type", "a", "b"), Difference("odd", 1, 2)])
    assert [(group.title, len(group.changes)) for group in groups] == [
        ("Metrics", 2),
        ("Environment and configuration", 2),
        ("Files", 2),
        ("Schema", 1),
        ("Tags", 1),
        ("Properties", 1),
        ("Description and type", 2),
        ("Other", 1),
    ]
    assert groups[0].is_metrics
    assert not groups[1].is_metrics
    assert groups_of([]) == []


def test_names_do_not_repeat_their_group() -> None:
    names = [change.name for group in groups_of(CHANGES) for change in group.changes]
    assert names == [
        "r2_score",
        "mae",
        "compute.instance_count",
        "environment variable API_KEY",
        "model.pkl",
        "extra.bin",
        "inputs",
        "owner",
        "framework",
        "description",
    ]
    assert change_of(Difference("", 1, 2)).name == "value"
    assert change_of(Difference("schema[0].name", 1, 2), "schema").name == "schema[0].name"


def test_values_of_variables_are_not_told() -> None:
    field = "configuration.environment_variables.API_KEY"
    for before, after, told in [
        ("hunter1", "hunter2", ("set", "set otherwise")),
        (None, "hunter2", ("not set", "set")),
        ("hunter1", None, ("set", "not set")),
    ]:
        change = change_of(Difference(field, before, after), "configuration")
        assert (change.before, change.after) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"size": 1024}, {"size": 2048}, ("1.0 KiB", "2.0 KiB", "changed")),
        (None, {"size": 1}, ("none", "1 byte", "added")),
        ({"size": 1}, None, ("1 byte", "none", "removed")),
        (
            {"size": 5, "md5": "a"},
            {"size": 5, "md5": "b"},
            ("5 bytes", "5 bytes", "other content of the same size"),
        ),
        ({}, {"size": 5}, ("there", "5 bytes", "changed")),
    ],
)
def test_files_are_told_by_size(before: Json, after: Json, told: tuple[str, str, str]) -> None:
    change = change_of(Difference("files.model.pkl", before, after), "files")
    assert (change.before, change.after, change.delta) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (0.5, 0.525, "+0.025 (+5.0 %)"),
        (2, 1, "-1 (-50.0 %)"),
        (-2.0, -1.0, "+1 (+50.0 %)"),
        (0, 3, "+3"),
        (1, 1.0000001, "+1e-07 (+0.0 %)"),
        (True, False, ""),
        ("1", "2", ""),
        (None, 1, ""),
        (1, None, ""),
    ],
)
def test_numbers_are_told_with_their_change(before: Json, after: Json, told: str) -> None:
    assert delta(before, after).replace("\N{NO-BREAK SPACE}", " ") == told


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (False, "false"),
        (12345678, "12345678"),
        (0.123456789, "0.123457"),
        ("", "empty"),
        ("text", "text"),
        (SHA, "0123456789ab…"),
        ([1, {"ä": None}], '[1, {"ä": null}]'),
        ("x" * 600, "x" * 500 + " … (600 characters)"),
    ],
)
def test_values_are_told_on_a_line(value: Json, text: str) -> None:
    assert shown(value) == text


def test_long_values_stand_below_each_other() -> None:
    assert not change_of(Difference("tags.a", "x" * 40, "y")).is_long
    assert change_of(Difference("tags.a", "x", "y" * 41)).is_long
    assert change_of(Difference("tags.a", "x\ny", "z")).is_long


def test_a_comparison_is_told_in_a_line() -> None:
    assert beside(COMPARISON) == "answered 200 in 52 ms against 1.25 s now, 2 differences"


def test_a_comparison_without_two_answers_says_why() -> None:
    assert beside(replace(COMPARISON, current=None, note="It timed out.")) == "It timed out."
    assert beside(replace(COMPARISON, candidate=None)) == "not answered by both"
    assert beside(replace(COMPARISON, difference_count=0)).endswith("no difference")
    assert beside(replace(COMPARISON, difference_count=1)).endswith("1 difference")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 seconds"),
        (0.4, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"),
        (86_399, "23 hours"),
        (29.5 * 86_400, "29 days"),
    ],
)
def test_durations_are_told_in_their_largest_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (2**29, "512.0 MiB"),
        (2**61, "2097152.0 TiB"),
    ],
)
def test_sizes_are_told_in_the_unit_that_reads_best(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0521, "52 ms"), (0.9999, "1000 ms"), (1.5, "1.50 s")]
)
def test_latencies(seconds: float, text: str) -> None:
    assert latency(seconds) == text


def test_json_and_texts_are_cut_where_they_are_long() -> None:
    assert pretty({"b": 1, "a": [2]}) == '{\n  "a": [\n    2\n  ],\n  "b": 1\n}'
    assert len(pretty("x" * 10_000)) == 4_002
    assert cut("short") == "short"
    assert cut("word " * 10, 9) == "word word … (50 characters)"
