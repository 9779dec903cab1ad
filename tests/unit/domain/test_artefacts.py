"""A digest that changes with every change, and copies that are compared to the last byte count."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.artefacts import Artefact, artefact_digest, copy_problems, digest

FILES = [
    Artefact("model/MLmodel", 120, '"0x1"', "bWQ1LTE="),
    Artefact("model/model.pkl", 2048, '"0x2"', "bWQ1LTI="),
]

files = st.lists(
    st.builds(Artefact, st.text(min_size=1), st.integers(0), st.text(min_size=1)), max_size=6
)


@pytest.mark.parametrize(
    "changed",
    [
        [],
        FILES[:1],
        [*FILES, Artefact("extra", 0, '"0x3"')],
        [replace(FILES[0], name="model/mlmodel"), FILES[1]],
        [replace(FILES[0], size=121), FILES[1]],
        [replace(FILES[0], etag='"0x9"'), FILES[1]],
    ],
    ids=["none", "one less", "one more", "name", "size", "etag"],
)
def test_any_change_changes_the_digest(changed: list[Artefact]) -> None:
    assert artefact_digest(changed) != artefact_digest(FILES)


@given(files, files)
def test_digests_are_the_same_for_the_same_files_alone(
    one: list[Artefact], other: list[Artefact]
) -> None:
    same = sorted(one) == sorted(other)
    assert (artefact_digest(one) == artefact_digest(other)) == same
    assert artefact_digest(one) == artefact_digest(one[::-1])


def test_a_digest_ignores_the_order_of_keys_and_nothing_else() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1, "b": [1, 2]}) != digest({"a": 1, "b": [2, 1]})
    assert digest("1") != digest(1)


def test_a_whole_copy_has_no_problem() -> None:
    copied = [replace(file, etag=f'"0xC{file.size}"') for file in reversed(FILES)]
    assert copy_problems(FILES, copied) == []


@pytest.mark.parametrize("one_sided", [("source",), ("copy",), ("source", "copy")])
def test_an_md5_that_is_not_stored_is_not_compared(one_sided: tuple[str, ...]) -> None:
    without = [replace(file, md5=None) for file in FILES]
    source = without if "source" in one_sided else FILES
    copied = without if "copy" in one_sided else FILES
    assert copy_problems(source, copied) == []


@pytest.mark.parametrize(
    ("copied", "problem"),
    [
        (FILES[:1], "model/model.pkl is missing"),
        ([*FILES, Artefact("extra", 0, "e")], "extra is not the source's"),
        ([replace(FILES[0], size=1), FILES[1]], "model/MLmodel has 1 bytes instead of 120"),
        ([replace(FILES[0], md5="x"), FILES[1]], "model/MLmodel has another MD5 than its source"),
    ],
)
def test_what_a_copy_lacks_is_named(copied: list[Artefact], problem: str) -> None:
    assert copy_problems(FILES, copied) == [problem]


def test_every_problem_of_a_copy_is_told() -> None:
    assert len(copy_problems(FILES, [Artefact("x", 1, "e"), replace(FILES[0], size=7)])) == 3
