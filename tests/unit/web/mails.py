"""Mails as the workflow asks for them."""

import re
from html import unescape
from typing import Any

from shared.domain.approval import judge
from shared.domain.ask import Purpose
from shared.domain.asking import Owed
from shared.domain.voices import Speaker
from shared.ports import Letters, Mail
from shared.web.letters import HtmlLetters
from tests.unit.web.support import (
    ADA,
    Desk,
    evidence_of,
)

URL = "https://modelgate.example/api/approvals/token.with-signature_1"
HOSTILE = '<script>alert(1)</script>"><img src=x>\r\nBcc: mallory@example.com'

LETTERS: Letters = HtmlLetters(base_url="https://modelgate.example/")


def own(desk: Desk, person: str = ADA) -> Speaker:
    return Speaker(person, person, desk.asked.asked_at, Purpose.REQUEST)


def request(
    desk: Desk,
    owed: Owed | None = None,
    *,
    code: str | None = "7K2M-9QXD",
    letters: Letters = LETTERS,
    **evidence: Any,  # noqa: ANN401 (fields of evidence)
) -> Mail:
    number = desk.asked.number
    return letters.approval_request(
        release=desk.release,
        stage="prod",
        evidence=evidence_of(desk.release, number, **evidence),
        owed=owed or Owed(own(desk), Purpose.REQUEST, 0),
        url=URL,
        code=code,
        now=desk.now,
    )


def ending(desk: Desk, to: str = "owner@example.com", *, was_asked: bool = False) -> Mail:
    return LETTERS.release_ended(
        release=desk.release, decisions=desk.decisions, to=to, was_asked=was_asked
    )


def words(html: str) -> str:
    """The text of HTML on one line."""
    return " ".join(
        unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)).split()
    )


def both(mail: Mail) -> tuple[str, str]:
    """What a mail says in its two forms."""
    return " ".join(mail.text.split()), words(mail.html)


def speaker_of(desk: Desk, person: str) -> Speaker:
    speakers = judge(desk.asked, desk.decisions, desk.now).speakers
    return next(speaker for speaker in speakers if speaker.person == person)
