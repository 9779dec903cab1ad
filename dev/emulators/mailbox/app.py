"""The mailbox's routes."""

from aiohttp import web

from dev.emulators.mailbox import control, pages, responses
from dev.emulators.mailbox.auth import check_access_key
from dev.emulators.mailbox.models import Mailbox, Settings
from dev.emulators.mailbox.responses import MAILBOX, error_middleware
from dev.emulators.mailbox.validation import MAX_BODY_BYTES

_ROOM_TO_MEASURE_BYTES = 2 * MAX_BODY_BYTES
"""Bodies past the service's limit are still read, to be refused in the service's words."""


def create_app(settings: Settings) -> web.Application:
    """Builds the emulator; serve it on 127.0.0.1.

    Raises:
        ValueError: The access key is not base64.
    """
    check_access_key(settings.access_key)
    app = web.Application(client_max_size=_ROOM_TO_MEASURE_BYTES, middlewares=[error_middleware])
    app[MAILBOX] = Mailbox(settings)
    app.add_routes(
        [
            web.post("/emails:send", responses.send),
            web.get("/emails/operations/{operation_id}", responses.get_operation),
            web.get("/", pages.inbox),
            web.get("/messages", control.list_messages),
            web.delete("/messages", control.delete_messages),
            web.get("/messages/{message_id}", pages.message),
            web.get("/messages/{message_id}/html", pages.html_body),
            web.get("/messages/{message_id}/text", pages.text_body),
            web.get("/messages/{message_id}/attachments/{index:\\d+}", pages.attachment),
            web.post("/_emulator/reset", control.reset),
            web.post("/_emulator/quota", control.set_quota),
            web.post("/_emulator/faults", control.add_fault),
            web.post("/_emulator/repeats", control.set_on_repeat),
            web.get("/_emulator/requests", control.list_requests),
        ]
    )
    return app
