"""A digest that changes with every change, and is made of files as they go by."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import artefacts
from shared.domain.artefacts import Artefact, Tally, digest, earlier_digest, file_set
from shared.domain.limits import SHOWN_FILES

FILES = [
    Artefact("model/MLmodel", 120, '"0x1"', "bWQ1LTE="),
    Artefact("model/model.pkl", 2048, '"0x2"', "bWQ1LTI="),
]

files = st.lists(
    st.builds(Artefact, st.text(min_size=1), st.integers(0), st.text(min_size=1)), max_size=6
)

safe = st.text(st.characters(exclude_categories=["C"]), min_size=1)


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
    assert file_set(changed).digest != file_set(FILES).digest


@given(files, files)
def test_digests_are_the_same_for_the_same_files_alone(
    one: list[Artefact], other: list[Artefact]
) -> None:
    same = sorted(one) == sorted(other)
    assert (file_set(one).digest == file_set(other).digest) == same
    assert file_set(one) == file_set(one[::-1])


@given(files)
def test_files_are_counted_as_they_go_by(some: list[Artefact]) -> None:
    tally = Tally()
    assert list(tally.passing(some)) == some
    whole = tally.total()
    assert whole == file_set(some)
    assert (whole.count, whole.total_bytes) == (len(some), sum(file.size for file in some))
    assert whole.first == tuple(sorted(some))
    assert whole.is_whole


def test_of_many_files_the_first_by_name_are_kept() -> None:
    many = [Artefact(f"{number:05}", 1, "e") for number in range(10 * SHOWN_FILES)]
    whole = file_set(many[::-1])
    assert whole.first == tuple(many[:SHOWN_FILES])
    assert (whole.count, whole.is_whole) == (10 * SHOWN_FILES, False)


def test_entries_cannot_be_mistaken_for_each_other() -> None:
    """What is hashed says where a name ends."""
    assert file_set([Artefact("a", 1, "2")]).digest != file_set([Artefact("a,1", 2, "")]).digest
    assert file_set([FILES[0], FILES[0]]).digest != file_set([FILES[0]]).digest


@given(st.lists(st.builds(Artefact, safe, st.integers(0), st.text()), unique_by=lambda f: f.name))
def test_the_earlier_digest_is_that_of_releases_that_began_before(some: list[Artefact]) -> None:
    before = digest([[file.name, file.size, file.etag] for file in sorted(some)])
    assert earlier_digest(some) == before
    assert earlier_digest(some[::-1]) == before
    assert file_set(some).digest != before


def test_an_earlier_digest_that_was_kept() -> None:
    """As a release of 28 November 2026 has it in its row."""
    kept = "bcb7b96a093ca9f82b9135b2b15d3e80d9ad82bf0a630f3c734c47caba676448"
    assert earlier_digest(FILES) == kept


def test_an_earlier_digest_takes_no_endless_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefacts, "EARLIER_DIGEST_BYTES", 100)
    assert earlier_digest(FILES[:1]) is not None
    assert earlier_digest([Artefact("n" * 101, 1, "e")]) is None


def test_a_digest_ignores_the_order_of_keys_and_nothing_else() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1, "b": [1, 2]}) != digest({"a": 1, "b": [2, 1]})
    assert digest("1") != digest(1)
