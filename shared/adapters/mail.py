"""The `Mailer` port on Communication Services Email."""

import logging
from typing import TYPE_CHECKING, Any, Protocol

from shared.adapters.egress.clients import email_client
from shared.adapters.failures import azure_stops_here
from shared.adapters.kinds import CODES
from shared.adapters.once import Once
from shared.domain.addresses import mail_service
from shared.domain.errors import Failure, FailureKind, StepError
from shared.ports import Mail

if TYPE_CHECKING:
    from azure.communication.email import EmailClient
    from azure.core.credentials import TokenCredential

logger = logging.getLogger(__name__)

API_VERSION = "2025-09-01"
SERVICE = "Communication Services Email"

MENDABLE = {
    401: "Correct the key in MODELGATE_MAIL, or check this app's identity.",
    403: "Give this app's identity a role on the Communication Services resource; a role "
    "assignment takes some minutes to spread.",
    404: "Correct the address in MODELGATE_MAIL, or the domain in MODELGATE_MAIL_SENDER.",
}
"""What somebody can mend while the mail waits, by HTTP status: it is tried again."""

ACCEPTED = frozenset({"NotStarted", "Running", "Succeeded"})
"""States of an operation that the service has taken on (swagger of Communication Services Email,
`EmailSendStatus`; the others are `Failed` and `Canceled`)."""

LOOKING = 0.5
"""How much of the quota may be taken when one asks what became of a mail."""

CLIENT_OPTIONS: dict[str, Any] = {
    # The client would sleep for as long as a 429 says, up to an hour: the caller comes back.
    "retry_total": 0,
    "connection_timeout": 5,
    "read_timeout": 30,
}


class Pace(Protocol):
    """Whether there is room for one more request to the service."""

    def take(self, request: str, *, share: float = 1.0) -> None:
        """Take a place for a request, so named; the same one again has one place.

        Args:
            request: Its name.
            share: Of all places, how many may be taken for this one.

        Raises:
            StepError: There is no room; retryable, and says when there will be.
        """


class EmailMailer:
    """See `shared.ports.Mailer`. Logs say which mail of which release, never to whom or what."""

    def __init__(
        self,
        *,
        service: str,
        sender: str,
        credential: "TokenCredential | None" = None,
        pace: Pace | None = None,
    ) -> None:
        """Nothing is called yet.

        Args:
            service: The resource's https endpoint, or a connection string. Plain HTTP is taken on
                loopback alone.
            sender: The address that mails come from, of a domain that is linked to the resource.
            credential: Goes with an endpoint.
            pace: Is asked before every request, status reads, too; None lets all go at once.

        Raises:
            ValueError: The address is unsafe, or the connection string is incomplete.
        """
        self._endpoint, self._key = mail_service(service)
        self._sender = sender
        self._credential = credential
        self._pace = pace
        self._client = Once(self._connect)

    def send(self, *, mail: Mail) -> None:
        """Hand a mail over; returns once the service has accepted it.

        Communication Services do not document what a repeated operation id does (azure-facts:
        Communication Services Email), so whatever refuses one is followed by a look at its state.

        Raises:
            StepError: Retryable where the service's quota or a passing fault is the reason, or
                something that can be mended meanwhile.
        """
        from azure.core.exceptions import HttpResponseError

        with azure_stops_here(SERVICE, mendable=MENDABLE):
            try:
                self._hand_over("send", mail, headers=self._thread(mail))
            except HttpResponseError as error:
                if error.status_code not in (400, 409):
                    raise
                if not self._has_taken(mail):
                    # no list of refused headers is documented; a mail matters more than its thread
                    self._hand_over("send without headers", mail)
        logger.info("release %s: mail %s is accepted", mail.thread, mail.operation_id)

    def dropped(self, *, operation_id: str) -> Failure | None:
        """What the service says of a mail that it has accepted and could not send.

        Looking takes a place as mails do (azure-facts: Communication Services Email), so half of
        them stay for mails.

        Raises:
            StepError: It cannot be told now.
        """
        with azure_stops_here(SERVICE, mendable=MENDABLE):
            operation = self._operation(operation_id, share=LOOKING)
            return None if operation is None else _failure(operation, operation_id)

    def _hand_over(self, how: str, mail: Mail, **more: Any) -> None:  # noqa: ANN401 (parts of JSON)
        client, message = self._client(), {**self._message(mail), **more}
        self._take_place(how, mail.operation_id)
        client.begin_send(message, operation_id=mail.operation_id, polling=False)

    def _take_place(self, how: str, operation_id: str, share: float = 1.0) -> None:
        if self._pace is not None:
            self._pace.take(f"{how} {operation_id}", share=share)

    def _has_taken(self, mail: Mail) -> bool:
        """Whether an earlier try of this mail has arrived.

        Raises:
            StepError: It has, and failed for good.
        """
        operation = self._operation(mail.operation_id)
        if operation is None:
            return False
        failure = _failure(operation, mail.operation_id)
        if failure is not None:
            raise StepError(failure)
        return True

    def _operation(self, operation_id: str, *, share: float = 1.0) -> dict[str, Any] | None:
        """The state of a mail; None where the service knows none of that id."""
        from azure.core.rest import HttpRequest

        client = self._client()
        self._take_place("read", operation_id, share)
        url = f"{{endpoint}}/emails/operations/{operation_id}?api-version={API_VERSION}"
        answer = client.send_request(HttpRequest("GET", url))
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        operation: dict[str, Any] = answer.json()
        return operation

    def _message(self, mail: Mail) -> dict[str, Any]:
        return {
            "senderAddress": self._sender,
            "recipients": {"to": [{"address": mail.to}]},
            "content": {"subject": mail.subject, "plainText": mail.text, "html": mail.html},
            # engagement tracking would rewrite the links in the mail
            "userEngagementTrackingDisabled": True,
        }

    def _thread(self, mail: Mail) -> dict[str, str]:
        """Headers by which mail programs show the mails of a release together.

        A message that nobody has sent is everyone's parent, whichever of the mails they got.
        """
        thread = f"<{mail.thread}@{self._sender.rpartition('@')[2]}>"
        return {"In-Reply-To": thread, "References": thread}

    def _connect(self) -> "EmailClient":
        return email_client(
            self._endpoint,
            key=self._key,
            credential=self._credential,
            api_version=API_VERSION,
            **CLIENT_OPTIONS,
        )


def _failure(operation: dict[str, Any], operation_id: str) -> Failure | None:
    """Why an operation has failed for good; None where it has not."""
    if operation["status"] in ACCEPTED:
        return None
    said = operation.get("error") or {}
    code = str(said.get("code") or f"Mail{operation['status']}")
    words = str(said.get("message") or "no reason given.")
    message = f"{SERVICE} did not deliver mail {operation_id}: {words}"
    known = CODES.get(code)
    if known is not None and known.kind is FailureKind.ACTION_REQUIRED:
        return Failure(known.kind, code, f"{message} {known.advice}")
    return Failure(FailureKind.FINAL, code, f"{message} Check the recipient's address.")
