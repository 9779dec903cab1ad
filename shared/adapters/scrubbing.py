"""Takes out of spans, log records and exceptions what must not leave the process.

Addresses that are signed (Azure's operations: `c=` and `s=`, storage's SAS: `sig=`) are whole in
what instrumentations and HTTP clients tell: `http.url`, `url.full`, `url.query`, `http.target`,
the words of an exception ("Max retries exceeded with url: /…?…"), urllib3's warnings. The
instrumentations themselves know four names of secrets (`opentelemetry.util.http.PARAMS_TO_REDACT`)
and none of ARM's. So no query keeps a value here, whoever wrote it and wherever it stands.
"""

import logging
import re
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.adapters.redaction import CUT, without_secrets
from shared.domain.limits import TELEMETRY_CHARACTERS

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Span

_QUERY = re.compile(r"\?[^\s'\"<>]+")
_LATER = re.compile(r"&[^\s&='\"<>]+=[^\s&'\"<>]*")
"""What is left of a query that has a quote in it, or stands alone."""


def scrubbed(text: str) -> str:
    """The text without any query's values and without secrets; no more than telemetry takes."""
    text = _QUERY.sub(f"?{CUT}", text[:TELEMETRY_CHARACTERS])
    return without_secrets(_LATER.sub(f"&{CUT}", text))


def scrub_span(span: "Span") -> None:
    """Scrub a span that ends: its name, status, attributes, events and links.

    Called from `_on_ending`, before any processor reads the span. By then the SDK takes no new
    values (`opentelemetry.sdk.trace.Span.end` closes the attributes first), so its fields are
    overwritten.
    """
    from opentelemetry.trace import Status

    _overwrite(span, _name=scrubbed(span.name), _attributes=_scrubbed_all(span.attributes))
    if span.status.description:
        words = scrubbed(span.status.description)
        _overwrite(span, _status=Status(span.status.status_code, words))
    for event in span.events:
        _overwrite(event, _name=scrubbed(event.name), _attributes=_scrubbed_all(event.attributes))
    for link in span.links:
        _overwrite(link, _attributes=_scrubbed_all(link.attributes))


def scrub_record(record: logging.LogRecord) -> None:
    """Scrub the words and the exception of a log record, before any handler sees them."""
    try:
        words = record.getMessage()
    except Exception:  # noqa: BLE001 (whatever an argument's __str__ raises)
        words, record.args = str(record.msg), ()
        record.msg = scrubbed(words)
    if (clean := scrubbed(words)) != words:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        calm = harmless(error)
        if calm is not error:
            record.exc_info = (type(calm), calm, None)


def harmless(error: BaseException) -> BaseException:
    """The exception, or one of its name whose words and notes are scrubbed.

    The note has the traceback, with the exceptions before it: theirs are where addresses hide.
    """
    story = "".join(traceback.format_exception(error))
    if scrubbed(story) == story:
        return error
    kind = type(error)
    stand_in: type[Exception] = type(kind.__name__, (Exception,), {"__module__": kind.__module__})
    calm = stand_in(scrubbed(str(error)))
    calm.add_note(scrubbed(story))
    return calm


def _overwrite(what: object, **fields: object) -> None:
    vars(what).update(fields)


def _scrubbed_all(attributes: Mapping[str, Any] | None) -> Mapping[str, Any]:
    from opentelemetry.attributes import BoundedAttributes

    found = {name: _scrubbed_value(name, value) for name, value in (attributes or {}).items()}
    return BoundedAttributes(attributes=found)


def _scrubbed_value(name: str, value: Any) -> Any:  # noqa: ANN401 (any value of OpenTelemetry's)
    """A value without secrets; a query alone has no `?`, and headers hold keys of any form."""
    if name.endswith(".query") or ".header." in name:
        return CUT
    match value:
        case str():
            return scrubbed(value)
        case bytes():
            return scrubbed(value.decode(errors="replace"))
        case Mapping():
            return {key: _scrubbed_value(str(key), each) for key, each in value.items()}
        case list() | tuple():
            return [_scrubbed_value("", each) for each in value]
        case _:
            return value
