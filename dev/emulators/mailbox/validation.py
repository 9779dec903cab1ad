"""The service's rules for a message, applied to the JSON body of `POST /emails:send`.

Shape: `EmailMessage` of the 2023-03-31 swagger. Limits: 50 recipients and 10 MB a request
(learn.microsoft.com/azure/communication-services/concepts/service-limits#email). The wording of the
other 400s is the emulator's own: the service's is not published.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from dev.emulators.mailbox.exceptions import ServiceError, bad_request, unknown_sender
from dev.emulators.mailbox.models import Attachment, Draft, Recipient, Settings

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_RECIPIENTS = 50
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")


def parse_message(body: bytes, settings: Settings) -> Draft:
    """Reads and checks a message.

    Args:
        body: The request's body.
        settings: The only domain that is linked, thus the only one to send from, and its senders.

    Raises:
        ServiceError: 400 (`InvalidSenderUserName` for a sender that is not there), 404
            `DomainNotLinked` or 413.
    """
    if len(body) > MAX_BODY_BYTES:
        raise ServiceError(
            413, "RequestEntityTooLarge", f"The request is larger than {MAX_BODY_BYTES} bytes."
        )
    message = _json_object(body)
    content = _mapping(message, "content")
    recipients = _mapping(message, "recipients")
    draft = Draft(
        sender=_sender(message, settings),
        to=_addresses(recipients, "recipients.to", "to"),
        cc=_addresses(recipients, "recipients.cc", "cc"),
        bcc=_addresses(recipients, "recipients.bcc", "bcc"),
        reply_to=_addresses(message, "replyTo", "replyTo"),
        subject=_text(content, "subject"),
        text=_text(content, "plainText"),
        html=_text(content, "html"),
        headers=_headers(message),
        attachments=_attachments(message),
    )
    _check_complete(draft)
    return draft


def _check_complete(draft: Draft) -> None:
    if not draft.to:
        raise bad_request("The message needs at least one recipient in recipients.to.")
    if len(draft.to) + len(draft.cc) + len(draft.bcc) > MAX_RECIPIENTS:
        raise bad_request(f"A message has at most {MAX_RECIPIENTS} recipients.")
    if not draft.subject.strip():
        raise bad_request("content.subject is required.")
    if not draft.text and not draft.html:
        raise bad_request("One of content.plainText and content.html is required.")


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise bad_request("The body is not valid JSON.") from error
    if not isinstance(message, dict):
        raise bad_request("The body is not a JSON object.")
    return message


def _mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise bad_request(f"{name} is required and must be an object.")
    return value


def _list(parent: Mapping[str, Any], name: str, key: str) -> list[Mapping[str, Any]]:
    value = parent.get(key) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise bad_request(f"{name} must be an array of objects.")
    return value


def _text(parent: Mapping[str, Any], name: str) -> str:
    value = parent.get(name) or ""
    if not isinstance(value, str):
        raise bad_request(f"{name} must be a string.")
    return value


def _sender(message: Mapping[str, Any], settings: Settings) -> str:
    address = _text(message, "senderAddress")
    if not _ADDRESS.fullmatch(address):
        raise bad_request("senderAddress is not a valid email address.")
    name, _, domain = address.rpartition("@")
    if domain.lower() != settings.sender_domain.lower():
        raise ServiceError(
            404, "DomainNotLinked", "The specified sender domain has not been linked."
        )
    if name.lower() not in map(str.lower, settings.senders):
        raise unknown_sender(name)
    return address


def _addresses(parent: Mapping[str, Any], name: str, key: str) -> tuple[Recipient, ...]:
    found = []
    for item in _list(parent, name, key):
        address = _text(item, "address")
        if not _ADDRESS.fullmatch(address):
            raise bad_request(f"{name} holds an invalid email address.")
        found.append(Recipient(address, _text(item, "displayName")))
    return tuple(found)


def _headers(message: Mapping[str, Any]) -> dict[str, str]:
    headers = message.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise bad_request("headers must be an object of strings.")
    if any(set("\r\n") & set(name + value) for name, value in headers.items()):
        raise bad_request("headers must not contain line breaks.")
    return headers


def _attachments(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    found = []
    for item in _list(message, "attachments", "attachments"):
        name, content_type = _text(item, "name"), _text(item, "contentType")
        content = _text(item, "contentInBase64")
        if not name or not content_type:
            raise bad_request("An attachment needs a name and a contentType.")
        try:
            base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise bad_request("An attachment's contentInBase64 is not base64.") from error
        found.append(Attachment(name, content_type, content))
    return tuple(found)
