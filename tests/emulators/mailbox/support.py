"""What the mailbox's tests share: the vendor's client and a message."""

import base64
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp.test_utils import TestServer
from azure.communication.email.aio import EmailClient
from azure.core.credentials import AzureKeyCredential

ACCESS_KEY = base64.b64encode(b"a key of the tests alone").decode()
SENDER = "DoNotReply@modelgate.example"

Serve = Callable[..., Coroutine[Any, Any, TestServer]]
"""Starts a mailbox; takes `state_dir` and `retry_after_seconds`."""


def client_for(server: TestServer, access_key: str = ACCESS_KEY, **options: object) -> EmailClient:
    """The client as an application makes it; by default it gives up at the first error.

    `EmailClient.from_connection_string` reads `endpoint=http://…` as https.
    """
    settings: dict[str, Any] = {"retry_total": 0, **options}
    return EmailClient(str(server.make_url("/")), AzureKeyCredential(access_key), **settings)


def mail(**changes: object) -> dict[str, Any]:
    """A message that the service takes, with some of its fields changed."""
    return {
        "senderAddress": SENDER,
        "content": {"subject": "Approve diabetes 3", "plainText": "Please decide."},
        "recipients": {"to": [{"address": "ada@example.com", "displayName": "Ada"}]},
        **changes,
    }
