"""Which of two releases is of the newer version."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.release import ModelVersion, Release, ReleaseId

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
EARLIER = AT - timedelta(days=1)


def release(version: str, *, registered: datetime | None = None, created: datetime = AT) -> Release:
    return Release(
        id=ReleaseId(f"r{version}"),
        pipeline="diabetes",
        model=ModelVersion("diabetes", version),
        workspace="/subscriptions/s",
        attempt=1,
        created_at=created,
        updated_at=created,
        stages=(),
        registered_at=registered,
    )


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        # the registration comes before the number, and that before the begin
        (release("3", registered=AT), release("4", registered=EARLIER)),
        (release("4", registered=AT, created=EARLIER), release("3", registered=EARLIER)),
        (release("10", registered=AT), release("9", registered=AT)),
        (release("10", created=EARLIER), release("9")),
        (release("10", registered=EARLIER), release("9")),
        (release("10"), release("9", registered=AT)),
        (release("b", created=EARLIER + timedelta(seconds=1)), release("c", created=EARLIER)),
        (release("2"), release("rc1", created=EARLIER)),
    ],
)
def test_the_one_that_was_registered_later_is_newer(newer: Release, older: Release) -> None:
    assert newer.is_newer_than(older)
    assert not older.is_newer_than(newer)


@pytest.mark.parametrize("one", [release("3"), release("3", registered=AT), release("rc")])
def test_none_is_newer_than_itself_or_another_attempt_at_once(one: Release) -> None:
    assert not one.is_newer_than(one)
    assert not replace(one, attempt=2).is_newer_than(one)
