"""Between what Azure Functions hands over and the service's own types."""

from datetime import datetime
from typing import TypedDict
from urllib.parse import parse_qsl

import azure.functions as func

from shared.domain.limits import REQUEST_BYTES
from shared.domain.pipeline import Json
from shared.web.http import FORM, Request, Response


class EventFields(TypedDict):
    """What matters of an event, whichever schema it came in."""

    event_id: str | None
    type_: str | None
    source: str | None
    at: datetime | None
    data: Json


def event_fields(event: func.EventGridEvent | func.CloudEvent) -> EventFields:
    """The fields of an event. A CloudEvent has other names for them, and no `topic`."""
    if isinstance(event, func.CloudEvent):
        return EventFields(
            event_id=event.id,
            type_=event.type,
            source=event.source,
            at=event.time,
            data=event.get_json(),
        )
    return EventFields(
        event_id=event.id,
        type_=event.event_type,
        source=event.topic,
        at=event.event_time,
        data=event.get_json(),
    )


def to_request(http: func.HttpRequest) -> Request:
    """A request as views take it; a form that no view takes is not taken apart."""
    body = http.get_body()
    content_type = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = content_type == FORM and len(body) <= REQUEST_BYTES
    text = body.decode("utf-8", "replace") if is_form else ""
    return Request(
        method=http.method.upper(),
        params=dict(http.route_params),
        query=dict(http.params),
        form=dict(parse_qsl(text, keep_blank_values=True)),
        body=body,
        headers={name.lower(): value for name, value in http.headers.items()},
    )


def to_http(response: Response) -> func.HttpResponse:
    """A view's response as the host takes it.

    Halves of characters, which JSON may hold and UTF-8 does not, are sent as question marks.
    """
    body = response.body
    return func.HttpResponse(
        body=body.encode(errors="replace") if isinstance(body, str) else body,
        status_code=response.status,
        headers=dict(response.headers),
        mimetype=response.content_type.partition(";")[0],
        charset="utf-8",
    )
