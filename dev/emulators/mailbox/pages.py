"""Pages for people: the inbox and one mail. They need no JavaScript."""

import re
from html.parser import HTMLParser
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dev.emulators.mailbox.exceptions import ServiceError
from dev.emulators.mailbox.models import Draft, Operation
from dev.emulators.mailbox.responses import MAILBOX

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
)
_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
"""A mail runs no script; its links open as a page of their own, whose forms work."""

_TEXT_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
_HEAD = re.compile(r"<head\b[^>]*>|<!doctype[^>]*>", re.IGNORECASE)


async def inbox(request: web.Request) -> web.StreamResponse:
    """`GET /?to=`: the mails, newest first."""
    to = request.query.get("to", "")
    mails = list(reversed(request.app[MAILBOX].messages(to)))
    return _page("inbox.html", mails=mails, to=to)


async def message(request: web.Request) -> web.StreamResponse:
    """`GET /messages/{id}`: headers, body, links and attachments of one mail."""
    mail = _find(request)
    return _page("message.html", mail=mail, links=find_links(mail.draft), sandbox=_SANDBOX)


async def html_body(request: web.Request) -> web.StreamResponse:
    """`GET /messages/{id}/html`: the HTML part as sent, its links opening in a new tab."""
    html = _find(request).draft.html
    head = _HEAD.search(html)
    at = head.end() if head else 0
    body = f'{html[:at]}<base target="_blank">{html[at:]}'
    policy = {"Content-Security-Policy": f"sandbox {_SANDBOX}; script-src 'none'"}
    return web.Response(text=body, content_type="text/html", charset="utf-8", headers=policy)


async def text_body(request: web.Request) -> web.StreamResponse:
    """`GET /messages/{id}/text`: the plain text part."""
    return web.Response(text=_find(request).draft.text, charset="utf-8")


async def attachment(request: web.Request) -> web.StreamResponse:
    """`GET /messages/{id}/attachments/{index}`: one file, always as a download."""
    files = _find(request).draft.attachments
    index = int(request.match_info["index"])
    if index >= len(files):
        raise ServiceError(404, "NotFound", "The mail has no such attachment.")
    headers = {"Content-Disposition": "attachment", "Content-Type": "application/octet-stream"}
    return web.Response(body=files[index].content(), headers=headers)


def find_links(draft: Draft) -> list[str]:
    """Web addresses in both parts of a mail, in order, each once."""
    collector = _LinkCollector()
    collector.feed(draft.html)
    return list(dict.fromkeys(collector.links + _TEXT_LINK.findall(draft.text)))


class _LinkCollector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") or ""
        if tag == "a" and target.startswith(("http://", "https://")):
            self.links.append(target)


def _find(request: web.Request) -> Operation:
    mail = request.app[MAILBOX].inbox.get(request.match_info["message_id"])
    if mail is None:
        raise ServiceError(404, "NotFound", "There is no such mail.")
    return mail


def _page(template: str, **context: object) -> web.Response:
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    html = _TEMPLATES.get_template(template).render(**context)
    return web.Response(text=html, content_type="text/html", charset="utf-8", headers=headers)
