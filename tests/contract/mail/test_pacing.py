"""Mails of several instances, kept together within what the service takes."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient

from dev.storage import Account
from shared.adapters import pacing
from shared.adapters.mail import EmailMailer
from shared.adapters.pacing import HOUR_SECONDS, MINUTE_SECONDS, SLACK_SECONDS, MailPace, MailQuota
from shared.domain.errors import Failure, StepError
from tests.contract.mail.support import ACCESS_KEY, SENDER, failure_of, inbox, mail
from tests.contract.serving import call
from tests.fakes import FakeClock

MANAGED = MailQuota(5, 10)

type Instance = Callable[[MailQuota], EmailMailer]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def instance(mailbox: str, account: Account, clock: FakeClock) -> Instance:
    """A new instance of the app; all share the places, which no other test has."""
    service = TableServiceClient.from_connection_string(account.connection_string)
    service.create_table_if_not_exists(pacing.TABLE).delete_entity(pacing.PARTITION, pacing.KEY)

    def made(quota: MailQuota) -> EmailMailer:
        pace = MailPace(
            quota=quota,
            tables=account.connection_string,
            now=lambda: clock.now().timestamp(),
        )
        return EmailMailer(
            service=f"endpoint={mailbox}/;accesskey={ACCESS_KEY}", sender=SENDER, pace=pace
        )

    return made


def statuses(mailbox: str) -> list[int]:
    return [request["status"] for request in call(f"{mailbox}/_emulator/requests")]


def test_two_instances_at_once_send_what_the_service_takes_and_no_more(
    instance: Instance, mailbox: str
) -> None:
    call(f"{mailbox}/_emulator/quota", {"name": "managed"})
    mailers = [instance(MANAGED), instance(MANAGED)]
    barrier = Barrier(8)

    def send(number: int) -> Failure | None:
        barrier.wait()
        try:
            mailers[number % 2].send(mail=mail())
        except StepError as error:
            return error.failure
        return None

    with ThreadPoolExecutor(8) as pool:
        failures = [failure for failure in pool.map(send, range(8)) if failure]
    assert [failure.code for failure in failures] == ["MailQuota"] * 3
    for failure in failures:
        assert failure.retryable
        assert failure.retry_after_seconds == MINUTE_SECONDS + SLACK_SECONDS
    assert statuses(mailbox) == [202] * 5
    assert len(inbox(mailbox)) == 5


def test_there_is_room_again_after_the_time_that_was_told(
    instance: Instance, mailbox: str, clock: FakeClock
) -> None:
    mailer, waiting = instance(MANAGED), mail()
    for _ in range(5):
        mailer.send(mail=mail())
    wait = failure_of(mailer, waiting).retry_after_seconds
    assert wait == MINUTE_SECONDS + SLACK_SECONDS
    clock.advance(seconds=wait - 1)
    assert failure_of(mailer, waiting).retry_after_seconds == 1
    clock.advance(seconds=1)
    for each in (waiting, *(mail() for _ in range(4))):
        mailer.send(mail=each)
    assert len(inbox(mailbox)) == 10
    hour = failure_of(mailer, mail()).retry_after_seconds
    assert hour == HOUR_SECONDS + SLACK_SECONDS - wait
    clock.advance(seconds=hour)
    mailer.send(mail=mail())
    assert statuses(mailbox) == [202] * 11


def test_a_mail_that_is_tried_again_has_one_place(instance: Instance, mailbox: str) -> None:
    mailer, other = instance(MailQuota(2, 2)), instance(MailQuota(2, 2))
    call(f"{mailbox}/_emulator/faults", {"status": 500, "times": 3})
    troubled = mail()
    for _ in range(3):
        assert failure_of(mailer, troubled).retryable
    other.send(mail=mail())
    mailer.send(mail=troubled)
    assert len(inbox(mailbox)) == 2
    assert failure_of(other, mail()).code == "MailQuota"


def test_asking_what_became_of_a_mail_takes_a_place(instance: Instance, mailbox: str) -> None:
    mailer = instance(MailQuota(3, 3))
    call(f"{mailbox}/_emulator/repeats", {"answer": "conflict"})
    sent = mail()
    mailer.send(mail=sent)
    mailer.send(mail=sent)
    mailer.send(mail=mail())
    methods = [request["method"] for request in call(f"{mailbox}/_emulator/requests")]
    assert methods == ["POST", "POST", "GET", "POST"]
    assert failure_of(mailer, mail()).code == "MailQuota"


def test_without_room_nobody_asks_what_became_of_a_mail(
    instance: Instance, mailbox: str, clock: FakeClock
) -> None:
    mailer = instance(MailQuota(2, 10))
    call(f"{mailbox}/_emulator/repeats", {"answer": "conflict"})
    sent = mail()
    mailer.send(mail=sent)
    mailer.send(mail=mail())
    failure = failure_of(mailer, sent)
    assert (failure.code, failure.retry_after_seconds) == ("MailQuota", 65)
    assert len(statuses(mailbox)) == 3
    clock.advance(seconds=65)
    mailer.send(mail=sent)
    assert len(inbox(mailbox)) == 2


def test_a_service_that_is_stricter_says_when_it_takes_more(
    instance: Instance, mailbox: str
) -> None:
    call(f"{mailbox}/_emulator/quota", {"per_minute": 1, "per_hour": 1})
    mailer = instance(MANAGED)
    mailer.send(mail=mail())
    failure = failure_of(mailer, mail())
    assert "429" in failure.message
    assert failure.retry_after_seconds == 30


def test_a_clock_that_was_a_day_ahead_stops_no_mail(
    instance: Instance, mailbox: str, clock: FakeClock
) -> None:
    mailer = instance(MailQuota(2, 2))
    clock.advance(days=1)
    for _ in range(2):
        mailer.send(mail=mail())
    clock.advance(days=-1)
    mailer.send(mail=mail())
    assert len(inbox(mailbox)) == 3


def test_where_places_cannot_be_looked_up_nothing_is_sent(mailbox: str) -> None:
    nobody = "AccountName=nobody;AccountKey=bm9ib2R5;TableEndpoint=http://127.0.0.1:1/nobody;"
    mailer = EmailMailer(
        service=f"endpoint={mailbox}/;accesskey={ACCESS_KEY}",
        sender=SENDER,
        pace=MailPace(quota=MANAGED, tables=nobody),
    )
    failure = failure_of(mailer, mail())
    assert failure.retryable
    assert "Table mail" in failure.message
    assert statuses(mailbox) == []


def test_looking_leaves_half_of_the_places_to_mails(mailbox: str, account: Account) -> None:
    pace = MailPace(quota=MailQuota(4, 100), tables=account.connection_string)
    service = f"endpoint={mailbox}/;accesskey={ACCESS_KEY}"
    mailer = EmailMailer(service=service, sender=SENDER, pace=pace)
    mailer.send(mail=mail())
    mailer.send(mail=mail())
    with pytest.raises(StepError) as raised:
        mailer.dropped(operation_id=str(uuid4()))
    assert raised.value.failure.code == "MailQuota"
    mailer.send(mail=mail())
    mailer.send(mail=mail())
    assert failure_of(mailer, mail()).code == "MailQuota"


def test_the_most_places_fit_a_row(account: Account) -> None:
    service = TableServiceClient.from_connection_string(account.connection_string)
    table = service.create_table_if_not_exists(pacing.TABLE)
    most = MailQuota(1000, 1000)
    pace = MailPace(quota=most, tables=account.connection_string)
    for _ in range(3):
        pace.take(uuid4().hex)
    written = str(table.get_entity(pacing.PARTITION, pacing.KEY)["places"])
    assert len(written) / len(json.loads(written)) * most.per_hour < 32_768
