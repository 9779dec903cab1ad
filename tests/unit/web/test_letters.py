import re
from dataclasses import replace
from html import unescape

from shared.domain.decision import Choice
from shared.domain.release import Outcome
from shared.ports import Letters, Mail
from shared.web.letters import HtmlLetters
from tests.unit.web.support import (
    ADA,
    GRACE,
    OPERATION,
    PROD,
    Desk,
    evidence_of,
    waiting,
)

URL = "https://modelgate.example/api/approvals/token.with-signature_1"
HOSTILE = '<script>alert(1)</script>"><img src=x>\r\nBcc: mallory@example.com'

LETTERS: Letters = HtmlLetters(base_url="https://modelgate.example/")


def request(desk: Desk, approver: str = ADA, **evidence: object) -> Mail:
    return LETTERS.approval_request(
        release=desk.release,
        stage=PROD,
        evidence=evidence_of(desk.release, 1, **evidence),
        approver=approver,
        url=URL,
    )


def ending(desk: Desk, to: str = "owner@example.com") -> Mail:
    return LETTERS.release_ended(release=desk.release, decisions=desk.decisions, to=to)


def words(html: str) -> str:
    """The text of HTML on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_request_asks_and_says_what_is_known() -> None:
    mail = request(waiting())
    assert mail.to == ADA
    assert mail.subject == "Approve diabetes-automl version 31 for prod?"
    for text in (" ".join(mail.text.split()), words(mail.html)):
        for part in (
            "3 Nov 2026, 09:00 UTC",
            "Compare the probe with the last version's.",
            "answered 200 in 52 ms, as expected",
            "api-diabetes-qa",
            "v31-0badcafe",
            "copied to workspace wk-prod, as diabetes-automl-production version 31",
            "endpoint api-diabetes-prod",
            "data.scientist@example.com",
            "Gradient boosting",
            "3 (5.0 MiB)",
            "do not forward it",
        ):
            assert part in text, part


def test_the_request_has_one_link_in_both_forms() -> None:
    mail = request(waiting())
    assert re.findall(r"https?://\S+", mail.text) == [URL]
    assert re.findall(r'href="([^"]+)"', mail.html) == [URL]
    assert OPERATION not in mail.text + mail.html


def test_a_mail_is_the_same_mail_when_it_is_tried_again() -> None:
    desk = waiting()
    assert request(desk) == request(desk)
    again = request(desk, GRACE)
    first_ids = {request(desk).operation_id, again.operation_id}
    desk.ask()
    assert request(desk).operation_id not in first_ids
    desk.end(Outcome.EXPIRED, "Nobody decided.")
    assert ending(desk) == ending(desk)
    ids = {*first_ids, ending(desk, ADA).operation_id, ending(desk, GRACE).operation_id}
    assert len(ids) == 4


def test_mails_of_a_release_are_one_thread() -> None:
    desk = waiting()
    asked = request(desk)
    desk.end(Outcome.EXPIRED, "Nobody decided.")
    assert asked.thread == ending(desk).thread == desk.id


def test_the_end_is_told_with_its_reason_and_everybodys_word() -> None:
    desk = waiting()
    desk.decided(GRACE, Choice.REJECT, "R2 fell.\nBadly.")
    desk.end(Outcome.REJECTED, "Rejected by grace@example.com: R2 fell.")
    mail = ending(desk)
    assert (mail.to, mail.subject) == (
        "owner@example.com",
        "Rejected: diabetes-automl version 31",
    )
    for text in (" ".join(mail.text.split()), words(mail.html)):
        assert "Rejected by grace@example.com: R2 fell." in text
        assert "grace@example.com rejected prod on 2 Nov 2026, 09:00 UTC" in text
        assert "R2 fell. Badly." in text
        assert "answered 200 in 52 ms" in text
        assert f"https://modelgate.example/api/releases/{desk.id}" in text
    assert OPERATION not in mail.text + mail.html


def test_an_end_before_any_stage_and_any_word_is_told_too() -> None:
    desk = Desk()
    desk.end(Outcome.ERRORED, "Azure did not answer.")
    mail = ending(desk)
    assert "qa: Pending" in mail.text
    assert "Decisions" not in mail.text + mail.html


def test_what_people_wrote_stays_text_in_mails() -> None:
    desk = waiting()
    asked = request(
        desk,
        description=HOSTILE,
        tags={HOSTILE: HOSTILE},
        registered_by=HOSTILE,
        configuration={"endpoint": HOSTILE},
    )
    desk.decided(ADA, Choice.REJECT, HOSTILE)
    desk.end(Outcome.REJECTED, HOSTILE)
    for mail in (asked, ending(desk)):
        assert "<script" not in mail.html
        assert "<img" not in mail.html
        assert "&lt;script&gt;" in mail.html
        assert "<script>alert(1)" in mail.text


def test_a_subject_is_one_line() -> None:
    desk = waiting()
    model = replace(desk.release.model, name="a\r\nBcc: b")
    desk.save(replace(desk.release, model=model))
    assert request(desk).subject == "Approve a Bcc: b version 31 for prod?"


def test_html_is_what_mail_programs_take() -> None:
    desk = waiting()
    asked = request(desk)
    desk.end(Outcome.FAILED, "It does not start.")
    for mail in (asked, ending(desk)):
        assert not re.search(
            r"<(style|img|link|form|svg)\b|url\(|display:\s*(flex|grid)", mail.html
        )
        assert 'role="presentation"' in mail.html
        assert max(len(line) for line in mail.html.splitlines()) < 998  # RFC 5322, 2.1.1


def test_long_descriptions_and_tags_are_cut_in_mails() -> None:
    mail = request(waiting(), description="word " * 1_000, tags={"notes": "word " * 1_000})
    assert len(mail.text) < 3_000
    assert "…" in mail.text or "..." in mail.text
