"""Mails of the contract tests, and what arrived of them."""

import base64
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from shared.domain.errors import Failure, StepError
from shared.ports import Mail, Mailer
from tests.contract.serving import call

ACCESS_KEY = base64.b64encode(b"a key of the tests alone").decode()
SENDER = "DoNotReply@modelgate.example"


def mail(**changes: str) -> Mail:
    wanted = Mail(
        operation_id=str(uuid4()),
        to="ada@example.com",
        subject="Approve diabetes 3 for prod 👍",
        text="Bitte prüfen.",
        html="<p>Bitte prüfen.</p>",
        thread="diabetes-3-0123456789",
    )
    return replace(wanted, **changes)


def inbox(mailbox: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(f"{mailbox}/messages")
    return found


def failure_of(mailer: Mailer, message: Mail) -> Failure:
    with pytest.raises(StepError) as caught:
        mailer.send(mail=message)
    return caught.value.failure
