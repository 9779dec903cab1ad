"""Copies that are compared to the last byte count, without holding the names of either side."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.domain.artefacts import Artefact
from shared.domain.copies import CopiedFile, copy_key, copy_problems

FILES = [
    Artefact("model/MLmodel", 120, "0x1", "bWQ1LTE="),
    Artefact("model/model.pkl", 2048, "0x2", "bWQ1LTI="),
]


def copied(*files: Artefact) -> list[CopiedFile]:
    """Whole copies: with etags of their own."""
    return [CopiedFile(replace(file, etag=f"0xC{file.size}"), file.etag) for file in files]


def problems(source: Sequence[Artefact], copies: Sequence[CopiedFile]) -> str:
    return copy_problems(lambda: source, copies)


def test_a_whole_copy_has_no_problem() -> None:
    assert problems(FILES, copied(*reversed(FILES))) == ""


@pytest.mark.parametrize("one_sided", [("source",), ("copy",), ("source", "copy")])
def test_an_md5_that_is_not_stored_is_not_compared(one_sided: tuple[str, ...]) -> None:
    without = [replace(file, md5=None) for file in FILES]
    source = without if "source" in one_sided else FILES
    copy = without if "copy" in one_sided else FILES
    assert problems(source, copied(*copy)) == ""


@pytest.mark.parametrize(
    ("copies", "problem"),
    [
        (copied(FILES[0]), '"model/model.pkl" is missing'),
        (copied(*FILES, Artefact("extra", 0, "e")), '"extra" is not the source\'s'),
        (
            copied(replace(FILES[0], size=1), FILES[1]),
            '"model/MLmodel" has 1 bytes instead of 120',
        ),
        (
            copied(replace(FILES[0], md5="x"), FILES[1]),
            '"model/MLmodel" has another MD5 than its source',
        ),
        (
            copied(replace(FILES[0], etag="0x9"), FILES[1]),
            '"model/MLmodel" is no copy of its source as it is now',
        ),
        (
            [replace(copied(FILES[0])[0], source_etag=None), *copied(FILES[1])],
            '"model/MLmodel" is no copy of its source as it is now',
        ),
        (
            copied(*FILES, Artefact("a\u202e/../b", 0, "e")),
            '"a\\u{202e}/../b" is not the source\'s',
        ),
    ],
)
def test_what_a_copy_lacks_is_named(copies: list[CopiedFile], problem: str) -> None:
    assert problems(FILES, copies) == problem


def test_every_problem_of_a_copy_is_told_or_counted() -> None:
    few = problems(FILES, copied(Artefact("x", 1, "e"), replace(FILES[0], size=7)))
    assert few == (
        '"x" is not the source\'s; "model/MLmodel" has 7 bytes instead of 120; '
        '"model/model.pkl" is missing'
    )
    many = [Artefact(f"f{number}", 1, "e") for number in range(12)]
    assert problems(many, []) == (
        '"f0" is missing; "f1" is missing; "f2" is missing; "f3" is missing; "f4" is missing '
        "and 7 more"
    )


def test_keys_tell_names_and_states_apart() -> None:
    keys = {
        copy_key(*pair) for pair in [("a", "1"), ("a", "2"), ("b", "1"), ("a1", ""), ("1", "a")]
    }
    assert len(keys) == 5
