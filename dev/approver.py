"""What an approver does: read the mail, open its link, fill in the page, send it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

APPROVAL_LINK = re.compile(r"https?://\S+/api/approvals/[\w.~-]+")
CODE = re.compile(r"^Your code: (\S+)\s*$", re.MULTILINE)
VERSION = re.compile(r"^Version: (.+?)\s*$", re.MULTILINE)

# A browser's name for itself: what names itself otherwise counts as a program that reads mail.
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0"

_SENDS_NOTHING = frozenset({"button", "image", "reset", "submit"})


class PageForm(HTMLParser):
    """The one form on a page, as a browser would send it untouched."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.action: str | None = None
        """Where it goes; None where the page has no form."""

        self.fields: dict[str, str] = {}
        """What is sent when nobody fills in anything."""

        self.offered: dict[str, dict[str, str]] = {}
        """What each field offers: a value for each label of a list, for each value of other
        fields."""

        self._list = self._area = ""
        """The list or the text area that is being read."""

        self._option: str | None = None
        """The value of the list's option that is being read."""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a field or the begin of one."""
        values = {name: value or "" for name, value in attrs}
        name = values.get("name", "")
        match tag:
            case "form":
                self.action = values.get("action", "")
            case "input" if name and values.get("type") not in _SENDS_NOTHING:
                self._take(name, values)
            case "textarea":
                self._area = name
                self.offered[name] = {}
                self.fields[name] = ""
            case "select":
                self._list = name
                self.offered[name] = {}
            case "option" if self._list:
                self._option = values.get("value", "")
                if self._list not in self.fields or "selected" in values:
                    self.fields[self._list] = self._option

    def handle_data(self, data: str) -> None:
        """Take the label of an option, or what a text area holds."""
        if self._option is not None:
            self.offered[self._list][data.strip()] = self._option
        elif self._area:
            self.fields[self._area] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        """Leave a field."""
        match tag:
            case "textarea":
                self._area = ""
            case "select":
                self._list = ""
            case "option":
                self._option = None

    def _take(self, name: str, values: Mapping[str, str]) -> None:
        to_tick = values.get("type") in {"checkbox", "radio"}
        value = values.get("value", "on" if to_tick else "")
        self.offered.setdefault(name, {})[value] = value
        if not to_tick or "checked" in values:
            self.fields[name] = value


class Approver:
    """A person with a mailbox and a browser."""

    def __init__(self, facts: Mapping[str, Any], address: str) -> None:
        """Take what the stack printed, and who this is."""
        self._facts = facts
        self.address = address
        self._browser = requests.Session()
        self._browser.headers["User-Agent"] = _BROWSER

    def links(self) -> list[str]:
        """The links to decision pages in this person's mail, oldest first."""
        return [link for text in self._mails() for link in APPROVAL_LINK.findall(text)]

    def code(self, link: str) -> str:
        """The code in the newest mail with that link; empty where it has none."""
        return self._told(CODE, link)

    def version(self, link: str) -> str:
        """The model's version in the newest mail with that link."""
        return self._told(VERSION, link)

    def sign_in(self) -> None:
        """Sign in where the stack plays App Service Authentication."""
        form = {"address": self.address, "post_login_redirect_uri": "/.auth/me"}
        callback = f"{self._facts['functions']}/.auth/login/aad/callback"
        self._browser.post(callback, data=form, timeout=30).raise_for_status()

    def open(self, link: str) -> requests.Response:
        """The page behind a link."""
        return self._browser.get(link, timeout=30)

    def decide(self, link: str, choice: str, comment: str = "", **fields: str) -> requests.Response:
        """Open the page behind a link, fill in its form with what the mail says, and send it.

        Args:
            link: From the mail.
            choice: `approve`, `reject`, `defer` or `reassign`.
            comment: Goes with it.
            fields: What else is filled in, or is to differ from what the mail says.

        Returns:
            What the form is answered; the page itself where it has no form.
        """
        page = self.open(link)
        form = PageForm(page.text)
        if form.action is None:
            return page
        told = {"version": self.version(link), "code": self.code(link)}
        filled = {"choice": choice, "comment": comment, **told, **fields}
        # Nobody can fill in what is not there: no code where people sign in.
        there = {name: value for name, value in filled.items() if name in form.offered}
        target = urljoin(link, form.action or link)
        # as a browser tells the site that it sends a form to which page the form is from
        told_site = {"Origin": page.url.partition("/api/")[0], "Referer": page.url}
        return self._browser.post(target, data=form.fields | there, headers=told_site, timeout=30)

    def _mails(self) -> list[str]:
        url = f"{self._facts['mailbox']}/messages"
        mails = self._browser.get(url, params={"to": self.address}, timeout=10).json()
        return [str(mail["text"]) for mail in mails]

    def _told(self, what: re.Pattern[str], link: str) -> str:
        newest = next((text for text in reversed(self._mails()) if link in text), "")
        found = what.search(newest)
        return found[1] if found else ""
