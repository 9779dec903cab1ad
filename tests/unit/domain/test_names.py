"""Derived names: legal where they are used, stable, and different for different things."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.names import deployment_names, operation_id, person_key, release_ids
from shared.domain.release import ModelVersion, ReleaseId
from shared.web.http import RELEASE_ID

INSTANCE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
"""Durable instance ids take no `/ \\ # ?`, no `@` in front, and are told apart ignoring case."""

DEPLOYMENT_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
"""azure-facts: 3-32 characters, letter first, no hyphen at the end."""


def release_id(pipeline: str, model: ModelVersion, attempt: int) -> ReleaseId:
    return release_ids(pipeline, model, attempt)[0]


def deployment_name(release: ReleaseId, version: str) -> str:
    return deployment_names(release, version)[0]


models = st.builds(
    ModelVersion,
    st.text(min_size=1, max_size=300),
    st.one_of(st.text(min_size=1, max_size=60), st.integers(0, 10**9).map(str)),
)


@given(st.text(min_size=1, max_size=30), models, st.integers(1, 999))
def test_names_are_legal_for_any_model(pipeline: str, model: ModelVersion, attempt: int) -> None:
    for release in release_ids(pipeline, model, attempt):
        assert INSTANCE_ID.fullmatch(release)
        assert RELEASE_ID.fullmatch(release)
        names = deployment_names(release, model.version)
        assert len(set(names)) == 2
        assert all(map(DEPLOYMENT_NAME.fullmatch, names))


@given(models, models)
def test_different_models_have_different_names(one: ModelVersion, other: ModelVersion) -> None:
    ids = {release_id("diabetes", one, 1), release_id("diabetes", other, 1)}
    assert (len(ids) == 1) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("diabetes", ModelVersion("Model", "1"), 1), ("diabetes", ModelVersion("model", "1"), 1)),
        (("diabetes", ModelVersion("m", "v1"), 1), ("diabetes", ModelVersion("m", "V1"), 1)),
        (("a", ModelVersion("m", "1"), 1), ("b", ModelVersion("m", "1"), 1)),
        (("a", ModelVersion("m", "1"), 1), ("a", ModelVersion("m", "1"), 2)),
        (("a", ModelVersion("m-1", "2"), 1), ("a", ModelVersion("m", "1-2"), 1)),
        (("a", ModelVersion("m" * 60, "1"), 1), ("a", ModelVersion("m" * 60, "2"), 1)),
    ],
)
def test_ids_differ_even_when_case_is_ignored(
    one: tuple[str, ModelVersion, int], other: tuple[str, ModelVersion, int]
) -> None:
    first, second = release_id(*one), release_id(*other)
    assert first.casefold() != second.casefold()
    assert deployment_name(first, "1") != deployment_name(second, "1")


def test_names_are_the_same_every_time() -> None:
    release = release_id("diabetes", ModelVersion("diabetes-automl", "17"), 1)
    assert re.fullmatch(r"diabetes-automl-17-[0-9a-f]{10}", release)
    assert release == release_id("diabetes", ModelVersion("diabetes-automl", "17"), 1)
    assert release_id("diabetes", ModelVersion("diabetes-automl", "17"), 2) == f"{release}-2"
    assert deployment_name(release, "17").startswith("v17-")


def test_a_name_without_letters_or_digits_has_one_all_the_same() -> None:
    assert release_id("p", ModelVersion("…", "…"), 1).startswith("x-")


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=4))
def test_operation_ids_are_uuids_and_stable(parts: list[str]) -> None:
    made = operation_id(*parts)
    assert str(UUID(made)) == made
    assert UUID(made).version == 5
    assert made == operation_id(*parts)
    assert made != operation_id(*parts, "x")


@pytest.mark.parametrize("parts", [("",), ("one", ""), ("", "one")])
def test_an_operation_id_needs_every_part(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="every part"):
        operation_id(*parts)


def test_a_person_has_one_key_whatever_the_case_and_no_address_in_it() -> None:
    key = person_key("Ada@Example.com")
    assert key == person_key("ada@example.com") != person_key("bob@example.com")
    assert re.fullmatch("[0-9a-f]{16}", key)


def test_a_release_keeps_its_type() -> None:
    assert deployment_name(ReleaseId("r"), "1.0.0-Beta+7").startswith("v1-0-0-beta-7-")
