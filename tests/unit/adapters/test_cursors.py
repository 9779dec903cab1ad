"""Cursors, which anybody may send: one of ours, or refused."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.adapters.store import keys
from shared.adapters.store.index import list_name, next_cursor, position
from shared.domain.names import release_ids
from shared.domain.release import ModelVersion, Outcome

TIMES = st.datetimes(timezones=st.just(UTC))
LISTS = st.builds(list_name, st.none() | st.text(max_size=20), st.none() | st.sampled_from(Outcome))


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@given(LISTS, TIMES, st.text(), st.text(), st.integers(1, 1000))
def test_what_a_list_gives_is_read_in_that_list_alone(
    name: str, at: datetime, model: str, version: str, attempt: int
) -> None:
    key = keys.latest_first(at, release_ids("diabetes", ModelVersion(model, version), attempt)[1])
    cursor = next_cursor(name, key)
    assert position(name, cursor) == key
    with pytest.raises(ValueError, match="not of this list"):
        position(name + "x", cursor)


@given(
    st.text()
    | st.text(alphabet="ABCxyz019-_=+/")
    | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode())
    | st.text().map(lambda text: cursor_of(f"all\n{text}"))
)
@example("\ud800")
@example(cursor_of("all\n" + "\u0661" * 18 + "-a"))
@example(cursor_of("all\n" + "0" * 18 + "-a' or PartitionKey ge '"))
@example(cursor_of("all\n" + "0" * 18 + "-" + "a" * 400))
@example("A" * 100_000)
def test_anything_else_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (whichever step finds it)
        position("all", cursor)
