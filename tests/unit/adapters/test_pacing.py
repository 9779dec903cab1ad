"""Places are given so that the service never refuses, however long requests are on their way."""

import random
from heapq import heappop, heappush

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.emulators.mailbox.limits import NAMED_QUOTAS, Quota, RateLimit
from shared.adapters.pacing import (
    HOUR_SECONDS,
    MINUTE_SECONDS,
    SLACK_SECONDS,
    MailQuota,
    seconds_to_wait,
)

MANAGED = MailQuota(5, 10)


def test_there_is_room_until_a_minute_is_full() -> None:
    taken = [0.0, 1.0, 2.0, 3.0]
    assert seconds_to_wait([], 4, MANAGED) == 0
    assert seconds_to_wait(taken, 4, MANAGED) == 0
    assert seconds_to_wait([*taken, 4.0], 4, MANAGED) == MINUTE_SECONDS + SLACK_SECONDS - 4
    assert seconds_to_wait([*taken, 4.0], MINUTE_SECONDS + SLACK_SECONDS, MANAGED) == 0


def test_there_is_room_until_an_hour_is_full() -> None:
    taken = [100.0 * number for number in range(10)]
    assert seconds_to_wait(taken[1:], 1000, MANAGED) == 0
    assert seconds_to_wait(taken, 1000, MANAGED) == HOUR_SECONDS + SLACK_SECONDS - 1000
    assert seconds_to_wait(reversed(taken), 1000, MANAGED) == HOUR_SECONDS + SLACK_SECONDS - 1000


@given(st.lists(st.floats(-4000, 4000), max_size=30))
def test_after_the_wait_there_is_room_and_not_before(taken: list[float]) -> None:
    wait = seconds_to_wait(taken, 0, MANAGED)
    assert seconds_to_wait(taken, wait + 1e-6, MANAGED) == 0
    if wait > 0:
        assert seconds_to_wait(taken, wait * 0.99, MANAGED) > 0


@pytest.mark.parametrize(("mine", "its"), [(MANAGED, "managed"), (MailQuota(30, 100), "own")])
def test_the_service_refuses_nothing_in_two_days_of_many_who_wait(
    mine: MailQuota, its: str
) -> None:
    chance = random.Random(4)  # noqa: S311 (the same days in every run)
    service = RateLimit(NAMED_QUOTAS[its])
    assert service.quota == Quota(mine.per_minute, mine.per_hour)
    now, done, refused = 0.0, 0, 0
    taken: list[float] = []
    arrivals: list[float] = []
    while now < 2 * 24 * HOUR_SECONDS:
        now += chance.expovariate(1 / 7)
        while arrivals and arrivals[0] <= now:
            arrival = heappop(arrivals)
            refused += not service.take(arrival)
            done += 1
        if seconds_to_wait(taken, now, mine) == 0:
            taken = [*taken[-mine.per_hour :], now]
            heappush(arrivals, now + chance.uniform(0, SLACK_SECONDS))
    assert refused == 0
    assert done > 0.95 * 48 * mine.per_hour
