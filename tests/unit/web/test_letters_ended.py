"""Mails that tell how a release ended, and what holds for all mails."""

import re
from dataclasses import replace

import pytest

from shared.domain.ask import Purpose
from shared.domain.asking import Owed
from shared.domain.decision import Choice
from shared.domain.evidence import Difference
from shared.domain.release import FailedAnswer, Outcome, ReleaseId
from shared.ports import Letters
from tests.fakes import FakeLetters
from tests.unit.web.browsing import say
from tests.unit.web.mails import (
    HOSTILE,
    LETTERS,
    both,
    ending,
    own,
    request,
)
from tests.unit.web.samples import FULL, QUORUM, SKIPPED
from tests.unit.web.support import (
    ADA,
    GRACE,
    OPERATION,
    POLICY,
    Desk,
    waiting,
)


def test_what_a_failed_deployment_answered_is_in_the_mail() -> None:
    desk = waiting()
    prod = desk.release.stage_named("prod")
    kept = FailedAnswer(424, "no <b>", {"ms-azureml-model-error-reason": "boom"}, "ValueError: AGE")
    desk.save(desk.release.with_stage(replace(prod, failed_answer=kept)))
    desk.end(Outcome.FAILED, "v3 is not healthy.")
    for said in both(ending(desk)):
        for words in ("no <b>", "ms-azureml-model-error-reason", "boom", "ValueError: AGE"):
            assert words in said


def ids(desk: Desk, letters: Letters) -> list[str]:
    speaker = own(desk)
    mails = [
        request(desk, letters=letters),
        request(desk, Owed(own(desk, GRACE), Purpose.REQUEST, 0), letters=letters),
        request(desk, Owed(speaker, Purpose.REMINDER, 1), letters=letters),
        request(desk, Owed(speaker, Purpose.REMINDER, 2), letters=letters),
        request(
            desk, Owed(replace(speaker, stands_in_for="x"), Purpose.REQUEST, 0), letters=letters
        ),
    ]
    return [mail.operation_id for mail in mails]


def test_every_mail_has_an_id_of_its_own_and_keeps_it() -> None:
    desk = waiting()
    first = ids(desk, LETTERS)
    assert ids(desk, LETTERS) == first
    assert ids(desk, FakeLetters()) == first
    desk.update(series=2)
    revoked = ids(desk, LETTERS)
    desk.ask()
    again = ids(desk, LETTERS)
    desk.end(Outcome.EXPIRED, "Nobody decided.")
    ended = [ending(desk, to).operation_id for to in (ADA, GRACE)]
    everything = [*first, *revoked, *again, *ended]
    assert len(set(everything)) == len(everything)
    fake = FakeLetters().release_ended(release=desk.release, decisions=[], to=ADA, was_asked=True)
    assert fake.operation_id == ended[0]


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
    for text in both(mail):
        assert "Rejected by grace@example.com: R2 fell." in text
        assert "grace@example.com rejected it for prod on 2 Nov 2026, 09:00 UTC" in text
        assert "R2 fell. Badly." in text
        assert "answered 200 in 52 ms" in text
        assert f"https://modelgate.example/api/releases/{desk.id}" in text
    assert OPERATION not in mail.text + mail.html


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.REJECTED, "Rejected by grace@example.com: R2 fell."),
        (Outcome.EXPIRED, "Nobody decided until 2026-11-03 09:00 UTC."),
        (Outcome.SUPERSEDED, "Version 32 takes its place."),
        (Outcome.ERRORED, "Azure did not answer."),
    ],
)
def test_who_was_asked_hears_the_end_without_links(outcome: Outcome, reason: str) -> None:
    desk = waiting()
    desk.save(replace(desk.release, superseded_by=ReleaseId("diabetes-automl-32")))
    desk.end(outcome, reason)
    mail = ending(desk, ADA, was_asked=True)
    assert mail.subject == "Re: Approve diabetes-automl version 31 for prod?"
    for text in both(mail):
        assert f": {outcome.value}." in text or f"{outcome.value}: diabetes-automl" in text
        assert reason in text
        assert "You were asked about it. There is nothing left to decide" in text
        assert "diabetes-automl-32" in text
        assert "function key" not in text
    assert "http" not in mail.text
    assert "href" not in mail.html


def test_answers_that_were_changed_or_void_are_told_as_such() -> None:
    desk = waiting(QUORUM)
    say(desk, "approve", comment="Go.")
    say(desk, "reject", comment="No.")
    desk.ask(QUORUM)
    say(desk, "approve")
    desk.end(Outcome.ABORTED, "Stopped.")
    for text in both(ending(desk)):
        at = "2 Nov 2026, 09:00 UTC"
        void = "void, since people were asked again"
        assert f"{ADA} approved it for prod on {at} ({void})" in text
        assert f"{ADA} rejected it for prod on {at} (they changed their mind; {void})" in text
        assert text.count(f"{ADA} approved it for prod on {at}") == 2
        assert text.count(void) == 2


def test_an_end_before_any_stage_and_any_word_is_told_too() -> None:
    desk = Desk()
    desk.end(Outcome.ERRORED, "Azure did not answer.")
    mail = ending(desk)
    assert "qa: Pending" in mail.text
    assert "Decisions" not in mail.text + mail.html


def test_what_people_wrote_stays_text_in_mails() -> None:
    desk = waiting(replace(POLICY, instructions=HOSTILE))
    asked = request(
        desk,
        description=HOSTILE,
        tags={HOSTILE: HOSTILE},
        registered_by=HOSTILE,
        configuration={"endpoint": HOSTILE},
        changes=(Difference(f"metrics.{HOSTILE}", HOSTILE, HOSTILE),),
        skipped=(replace(SKIPPED[0], words=HOSTILE, rejections=(HOSTILE,)),),
        changed_since=(Difference(HOSTILE, HOSTILE, HOSTILE),),
    )
    desk.decided(ADA, Choice.REJECT, HOSTILE)
    desk.end(Outcome.REJECTED, HOSTILE)
    for mail in (asked, ending(desk)):
        assert "<script" not in mail.html
        assert "<img" not in mail.html
        assert "&lt;script&gt;" in mail.html
        assert "<script>alert(1)" in mail.text


def test_html_is_what_mail_programs_take() -> None:
    desk = waiting()
    asked = request(desk, **FULL)
    desk.end(Outcome.FAILED, "It does not start.")
    for mail in (asked, ending(desk)):
        assert not re.search(r"<(img|link|form|svg)\b|url\(|display:\s*(flex|grid)", mail.html)
        [style] = re.findall(r"<style>(.*?)</style>", mail.html, re.DOTALL)
        assert style.strip().startswith("@media (prefers-color-scheme: dark) {")
        assert 'role="presentation"' in mail.html
        assert max(len(line) for line in mail.html.splitlines()) < 998  # RFC 5322, 2.1.1
