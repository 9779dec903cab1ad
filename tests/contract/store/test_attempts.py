"""Counting failed attempts, for all who count."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient

from dev.storage import Account
from shared.adapters.attempts import TABLE, TableAttempts
from shared.ports import Attempts
from tests.contract.store.conftest import LIVE, live_credential
from tests.contract.store.support import AT
from tests.fakes import FakeAttempts

HOUR = 3600.0


@pytest.fixture(
    params=[
        "memory",
        "azurite",
        pytest.param(
            "azure",
            marks=[
                pytest.mark.live,
                pytest.mark.skipif(not LIVE, reason="MODELGATE_LIVE_TABLES is not set"),
            ],
        ),
    ]
)
def attempts(request: pytest.FixtureRequest) -> Attempts:
    if request.param == "memory":
        return FakeAttempts()
    if request.param == "azurite":
        account: Account = request.getfixturevalue("account")
        return TableAttempts(tables=account.connection_string)
    return TableAttempts(tables=LIVE, credential=live_credential())


def key() -> str:
    return f"release {uuid4().hex} from ada@example.com / 192.0.2.1 #?\\ 👍 \ud800"


def test_failures_are_counted_by_key(attempts: Attempts) -> None:
    one, other = key(), key()
    assert attempts.failures(key=one, now=AT, window_seconds=HOUR) == 0
    for _ in range(3):
        attempts.failed(keys=[one, other], now=AT, window_seconds=HOUR)
    attempts.failed(keys=[one], now=AT, window_seconds=HOUR)
    attempts.failed(keys=[], now=AT, window_seconds=HOUR)
    assert attempts.failures(key=one, now=AT, window_seconds=HOUR) == 4
    assert attempts.failures(key=other, now=AT, window_seconds=HOUR) == 3
    assert attempts.failures(key=one.upper(), now=AT, window_seconds=HOUR) == 0


def test_a_new_window_begins_anew(attempts: Attempts) -> None:
    mine = key()
    end = AT.replace(minute=0, second=0, microsecond=0) + timedelta(seconds=HOUR)
    for moment in (AT, end - timedelta(milliseconds=1)):
        attempts.failed(keys=[mine], now=moment, window_seconds=HOUR)
    assert attempts.failures(key=mine, now=AT, window_seconds=HOUR) == 2
    assert attempts.failures(key=mine, now=end, window_seconds=HOUR) == 0


def test_windows_of_other_lengths_are_counted_apart(attempts: Attempts) -> None:
    mine = key()
    attempts.failed(keys=[mine], now=AT, window_seconds=HOUR)
    attempts.failed(keys=[mine], now=AT, window_seconds=24 * HOUR)
    attempts.failed(keys=[mine], now=AT + timedelta(hours=1), window_seconds=24 * HOUR)
    assert attempts.failures(key=mine, now=AT, window_seconds=HOUR) == 1
    assert attempts.failures(key=mine, now=AT, window_seconds=24 * HOUR) == 2


def test_what_is_over_is_forgotten_and_nothing_else(attempts: Attempts) -> None:
    mine = key()
    long_ago = AT.replace(year=2001)
    later = long_ago + timedelta(hours=1)
    for moment in (long_ago, later):
        attempts.failed(keys=[mine, *(key() for _ in range(3))], now=moment, window_seconds=HOUR)
    attempts.forget(before=later)
    assert attempts.failures(key=mine, now=long_ago, window_seconds=HOUR) == 0
    assert attempts.failures(key=mine, now=later, window_seconds=HOUR) == 1
    attempts.forget(before=later + timedelta(hours=2))
    attempts.forget(before=later + timedelta(hours=2))
    assert attempts.failures(key=mine, now=later, window_seconds=HOUR) == 0


def test_none_of_many_at_once_is_lost(attempts: Attempts) -> None:
    mine = key()
    barrier = Barrier(8)

    def fail(_: int) -> None:
        barrier.wait()
        for _ in range(2):
            attempts.failed(keys=[mine], now=AT, window_seconds=HOUR)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fail, range(8)))
    assert attempts.failures(key=mine, now=AT, window_seconds=HOUR) == 16


def test_many_rows_are_forgotten_and_no_key_is_readable(account: Account) -> None:
    attempts = TableAttempts(tables=account.connection_string)
    service = TableServiceClient.from_connection_string(account.connection_string)
    long_ago = AT.replace(year=2002)
    attempts.failed(keys=[key()], now=long_ago, window_seconds=HOUR)
    client = service.get_table_client(TABLE)
    (row,) = client.query_entities("PartitionKey lt '001100000000000'")
    assert "ada" not in str(row)
    rows = [{"PartitionKey": row["PartitionKey"], "RowKey": f"{n}", "count": 1} for n in range(250)]
    for start in range(0, 250, 50):
        client.submit_transaction([("create", each) for each in rows[start : start + 50]])
    attempts.failed(keys=[key()], now=AT, window_seconds=HOUR)
    attempts.forget(before=AT)
    assert list(client.query_entities("PartitionKey lt '001100000000000'")) == []
