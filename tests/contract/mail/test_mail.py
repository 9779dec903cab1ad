"""Mail through the vendor's client, to the mailbox emulator and to Azure where it is given.

On Azure: `MODELGATE_LIVE_MAIL` is an endpoint or a connection string of Communication Services,
`MODELGATE_LIVE_MAIL_FROM` and `MODELGATE_LIVE_MAIL_TO` are addresses; one mail is sent.
"""

import base64
import logging
import os
import time
from uuid import uuid4

import pytest

from dev.emulators.mailbox import Settings, create_app
from shared.adapters.mail import EmailMailer
from shared.domain.errors import FailureKind, StepError
from tests.contract.mail.support import ACCESS_KEY, SENDER, failure_of, inbox, mail
from tests.contract.serving import call, serving


@pytest.fixture
def mailer(mailbox: str) -> EmailMailer:
    return EmailMailer(service=f"endpoint={mailbox}/;accesskey={ACCESS_KEY}", sender=SENDER)


def test_a_mail_arrives_as_it_was_written(mailer: EmailMailer, mailbox: str) -> None:
    sent = mail()
    mailer.send(mail=sent)
    (arrived,) = inbox(mailbox)
    assert arrived["operation_id"] == sent.operation_id
    assert arrived["from"] == SENDER
    assert (arrived["to"], arrived["cc"], arrived["bcc"]) == ([sent.to], [], [])
    assert (arrived["subject"], arrived["text"], arrived["html"]) == (
        sent.subject,
        sent.text,
        sent.html,
    )


def test_mails_of_a_release_are_one_thread(mailer: EmailMailer, mailbox: str) -> None:
    for thread in ("diabetes-3-0123456789", "diabetes-3-0123456789", "other-1-0123456789"):
        mailer.send(mail=mail(thread=thread))
    parents = [arrived["headers"]["In-Reply-To"] for arrived in inbox(mailbox)]
    assert parents[0] == parents[1] != parents[2]
    assert parents[0] == "<diabetes-3-0123456789@modelgate.example>"
    assert [arrived["headers"]["References"] for arrived in inbox(mailbox)] == parents


def test_a_mail_goes_without_its_thread_where_that_is_refused(
    mailer: EmailMailer, mailbox: str
) -> None:
    call(f"{mailbox}/_emulator/faults", {"status": 400, "times": 1})
    mailer.send(mail=mail())
    [arrived] = inbox(mailbox)
    assert "In-Reply-To" not in arrived["headers"]


def test_accepted_is_enough() -> None:
    slow = Settings(ACCESS_KEY, "modelgate.example", retry_after_seconds=3600)
    with serving(create_app(slow)) as address:
        mailer = EmailMailer(service=f"endpoint={address};accesskey={ACCESS_KEY}", sender=SENDER)
        begun = time.monotonic()
        mailer.send(mail=mail())
        assert time.monotonic() - begun < 5
        assert [request["method"] for request in call(f"{address}/_emulator/requests")] == ["POST"]


@pytest.mark.parametrize("answer", ["first", "conflict", "refused"])
def test_a_mail_that_is_tried_again_arrives_once(
    mailer: EmailMailer, mailbox: str, answer: str
) -> None:
    call(f"{mailbox}/_emulator/repeats", {"answer": answer})
    call(f"{mailbox}/_emulator/faults", {"status": 500, "accept": True})
    sent = mail()
    assert failure_of(mailer, sent).retryable
    mailer.send(mail=sent)
    mailer.send(mail=sent)
    assert len(inbox(mailbox)) == 1


def test_a_repeat_of_a_mail_that_failed_says_so() -> None:
    with serving(create_app(Settings(ACCESS_KEY, "modelgate.example", None, 0))) as address:
        mailer = EmailMailer(service=f"endpoint={address};accesskey={ACCESS_KEY}", sender=SENDER)
        call(f"{address}/_emulator/repeats", {"answer": "conflict"})
        call(f"{address}/_emulator/faults", {"drop": "ada@example.com"})
        sent = mail()
        mailer.send(mail=sent)
        failure = failure_of(mailer, sent)
    assert (failure.code, failure.retryable) == ("EmailDropped", False)
    assert "dropped" in failure.message


def test_a_mail_that_was_accepted_and_dropped_is_told_as_such() -> None:
    with serving(create_app(Settings(ACCESS_KEY, "modelgate.example", None, 0))) as address:
        mailer = EmailMailer(service=f"endpoint={address};accesskey={ACCESS_KEY}", sender=SENDER)
        call(f"{address}/_emulator/faults", {"drop": "ada@example.com"})
        lost, arrived = mail(), mail(to="bob@example.com")
        mailer.send(mail=lost)
        mailer.send(mail=arrived)
        failure = mailer.dropped(operation_id=lost.operation_id)
        assert failure is not None
        assert (failure.code, failure.retryable) == ("EmailDropped", False)
        assert "ada@example.com" not in failure.message
        assert mailer.dropped(operation_id=arrived.operation_id) is None
        assert mailer.dropped(operation_id=str(uuid4())) is None


def test_what_became_of_a_mail_is_not_told_where_the_quota_of_reads_is_used_up(
    mailer: EmailMailer, mailbox: str
) -> None:
    call(f"{mailbox}/_emulator/quota", {"per_minute": 1, "per_hour": None})
    sent = mail()
    mailer.send(mail=sent)
    for _ in range(2):  # as many as the emulator takes of these
        assert mailer.dropped(operation_id=sent.operation_id) is None
    with pytest.raises(StepError) as raised:
        mailer.dropped(operation_id=sent.operation_id)
    assert raised.value.failure.retryable
    assert raised.value.failure.retry_after_seconds


def test_a_long_wait_is_left_to_the_caller(mailer: EmailMailer, mailbox: str) -> None:
    call(f"{mailbox}/_emulator/faults", {"status": 429, "retry_after": 3600})
    begun = time.monotonic()
    failure = failure_of(mailer, mail())
    assert time.monotonic() - begun < 1
    assert failure.kind is FailureKind.TRANSIENT
    assert "429" in failure.message
    assert failure.retry_after_seconds == 3600
    assert len(call(f"{mailbox}/_emulator/requests")) == 1


def test_the_quota_is_met_and_passes(mailer: EmailMailer, mailbox: str) -> None:
    call(f"{mailbox}/_emulator/quota", {"per_minute": 1, "per_hour": None})
    mailer.send(mail=mail())
    waiting = mail()
    assert failure_of(mailer, waiting).retryable
    call(f"{mailbox}/_emulator/quota", {"name": "unlimited"})
    mailer.send(mail=waiting)
    assert len(inbox(mailbox)) == 2


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (503, True), (413, False)])
def test_failures_say_whether_trying_again_can_help(
    mailer: EmailMailer, mailbox: str, status: int, *, retryable: bool
) -> None:
    call(f"{mailbox}/_emulator/faults", {"status": status})
    assert failure_of(mailer, mail()).retryable is retryable


def test_a_mail_that_the_service_refuses_is_not_tried_again(
    mailer: EmailMailer, mailbox: str
) -> None:
    failure = failure_of(mailer, mail(to="not an address"))
    assert not failure.retryable
    assert "400" in failure.message
    elsewhere = EmailMailer(
        service=f"endpoint={mailbox};accesskey={ACCESS_KEY}", sender="x@elsewhere.example"
    )
    unlinked = failure_of(elsewhere, mail())
    assert (unlinked.code, unlinked.kind) == ("DomainNotLinked", FailureKind.ACTION_REQUIRED)
    assert "address" not in unlinked.message.rpartition(".")[0].rpartition(". ")[2]


def test_nobody_there_is_a_passing_failure() -> None:
    mailer = EmailMailer(
        service=f"endpoint=http://127.0.0.1:1/;accesskey={ACCESS_KEY}", sender=SENDER
    )
    failure = failure_of(mailer, mail())
    assert failure.retryable
    assert "127.0.0.1" not in failure.message


@pytest.mark.parametrize(
    ("status", "mend"), [(401, "the key"), (403, "a role"), (404, "the address")]
)
def test_what_can_be_mended_is_tried_again(
    mailer: EmailMailer, mailbox: str, status: int, mend: str
) -> None:
    call(f"{mailbox}/_emulator/faults", {"status": status, "times": 1})
    waiting = mail()
    failure = failure_of(mailer, waiting)
    assert failure.kind is FailureKind.ACTION_REQUIRED
    assert mend in failure.message
    mailer.send(mail=waiting)
    assert len(inbox(mailbox)) == 1


def test_a_wrong_key_waits_to_be_mended(mailbox: str) -> None:
    wrong = base64.b64encode(b"another").decode()
    mailer = EmailMailer(service=f"endpoint={mailbox};accesskey={wrong}", sender=SENDER)
    failure = failure_of(mailer, mail())
    assert failure.retryable
    assert wrong not in failure.message


def test_logs_show_neither_recipient_nor_content_nor_key(
    mailer: EmailMailer, mailbox: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sent = mail(text="https://modelgate.example/api/approvals/secret-token")
    mailer.send(mail=sent)
    call(f"{mailbox}/_emulator/faults", {"status": 500})
    failure = failure_of(mailer, mail())
    written = caplog.text + failure.message
    assert sent.thread in written
    for secret in (sent.to, "secret-token", "prüfen", ACCESS_KEY):
        assert secret not in written


@pytest.mark.parametrize(
    "service",
    [
        "endpoint=https://x.communication.azure.com/",
        "accesskey=abc",
        "http://mail.example",
        f"endpoint=http://mail.example/;accesskey={ACCESS_KEY}",
        "",
    ],
)
def test_unsafe_or_incomplete_settings_are_refused_at_once(service: str) -> None:
    with pytest.raises(ValueError, match=r"endpoint|https"):
        EmailMailer(service=service, sender=SENDER)


@pytest.mark.live
@pytest.mark.skipif("MODELGATE_LIVE_MAIL" not in os.environ, reason="MODELGATE_LIVE_MAIL not set")
def test_azure_takes_a_mail_and_its_repeat() -> None:
    from azure.identity import DefaultAzureCredential

    mailer = EmailMailer(
        service=os.environ["MODELGATE_LIVE_MAIL"],
        sender=os.environ["MODELGATE_LIVE_MAIL_FROM"],
        credential=DefaultAzureCredential(),
    )
    sent = mail(to=os.environ["MODELGATE_LIVE_MAIL_TO"])
    mailer.send(mail=sent)
    mailer.send(mail=sent)
