"""What an approver does: read the mail, open its link, press a button of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

APPROVAL_LINK = re.compile(r"https?://\S+/api/approvals/[\w.~-]+")


class PageForm(HTMLParser):
    """The fields and the address of the one form on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what the form sends whichever button is pressed."""
        values = dict(attrs)
        if tag == "form":
            self.action = values.get("action") or ""
        elif tag == "input" and values.get("type") == "hidden":
            self.fields[str(values.get("name"))] = values.get("value") or ""


class Approver:
    """A person with a mailbox and a browser."""

    def __init__(self, facts: Mapping[str, Any], address: str) -> None:
        """Take what the stack printed, and who this is."""
        self._facts = facts
        self.address = address

    def links(self) -> list[str]:
        """The links to decision pages in this person's mail, oldest first."""
        url = f"{self._facts['mailbox']}/messages"
        mails = requests.get(url, params={"to": self.address}, timeout=10).json()
        return [link for mail in mails for link in APPROVAL_LINK.findall(mail["text"])]

    def decide(self, link: str, decision: str, comment: str = "") -> requests.Response:
        """Open the page behind a link and send its form with `decision` pressed."""
        page = requests.get(link, timeout=30)
        form = PageForm(page.text)
        if form.action is None:
            return page
        fields = {**form.fields, "decision": decision, "comment": comment}
        return requests.post(urljoin(link, form.action or link), data=fields, timeout=30)
