"""Names of files are data: what could lead elsewhere or look otherwise is refused, and shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import FailureKind, StepError
from shared.domain.filenames import refuse_unsafe, shown_name, why_unsafe

SAFE = [
    "MLmodel",
    "data/model.pkl",
    "größe 1%.bin",
    "a%2e%2e/b",
    "..a/b..",
    "...",
    ".amlignore",
    "模型/权重.bin",
    "e\u0301",
    "?x=1#y",
    "n" * 1024,
]

UNSAFE = {
    "": "empty segment",
    "/a": "empty segment",
    "a/": "empty segment",
    "a//b": "empty segment",
    ".": '"." or ".."',
    "..": '"." or ".."',
    "../b": '"." or ".."',
    "a/../../b": '"." or ".."',
    "a/./b": '"." or ".."',
    "a/..": '"." or ".."',
    "a\\..\\b": "backslash",
    "a\0": "U+0000",
    "a\nb": "U+000A",
    "a\x7f": "U+007F",
    "a\x85": "U+0085",
    "a\u202egpj.exe": "U+202E",
    "a\u2066b": "U+2066",
    "a\u200bb": "U+200B",
    "\ufeffa": "U+FEFF",
    "a\u2028b": "U+2028",
    "a\u2029b": "U+2029",
    "a\ud800": "U+D800",
    "a\ue000": "U+E000",
    "a\uffff": "U+FFFF",
    "a\U000e0041": "U+E0041",
    "n" * 1025: "more than 1,024 characters",
}


@pytest.mark.parametrize("name", SAFE)
def test_names_that_are_used(name: str) -> None:
    assert why_unsafe(name) is None
    refuse_unsafe(name)


@pytest.mark.parametrize("name", UNSAFE)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(StepError) as caught:
        refuse_unsafe(name)
    failure = caught.value.failure
    assert (failure.code, failure.kind, failure.retryable) == (
        "UnsafeFileName",
        FailureKind.MODEL,
        False,
    )
    assert UNSAFE[name] in failure.message
    assert failure.message.isprintable()
    assert len(failure.message) < 400
    assert failure.message.endswith("Rename it and register a new version.")


def test_a_refusal_shows_the_part_that_people_know() -> None:
    with pytest.raises(StepError, match=r'The model\'s file "\.\./x" cannot be used'):
        refuse_unsafe("models/m/../x", shown="../x")


@given(st.text(st.characters()))
def test_what_is_shown_is_one_short_line(name: str) -> None:
    shown = shown_name(name)
    assert shown.isprintable()
    assert len(shown) < 1300
    assert shown[0] == shown[-1] == '"'


@given(st.text(st.characters(), max_size=100), st.text(st.characters(), max_size=100))
def test_two_names_do_not_look_the_same(one: str, other: str) -> None:
    assert (shown_name(one) == shown_name(other)) == (one == other)


def test_a_long_name_shows_its_ends() -> None:
    shown = shown_name("a" * 500 + "/../z")
    assert shown == f'"{"a" * 60}…{"a" * 55}/../z"'
