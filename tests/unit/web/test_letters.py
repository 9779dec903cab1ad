"""Mails that ask."""

import re
from dataclasses import replace
from datetime import timedelta

from shared.domain.ask import Ask, Purpose
from shared.domain.asking import Owed
from shared.domain.evidence import Difference
from shared.domain.policy import ApprovalPolicy, Escalation, Voice
from tests.unit.web.browsing import say
from tests.unit.web.mails import (
    URL,
    both,
    own,
    request,
    speaker_of,
    words,
)
from tests.unit.web.samples import BERLIN, BOSS, FULL, MAX, QUORUM, SKIPPED
from tests.unit.web.support import (
    ADA,
    GRACE,
    HOUR,
    OPERATION,
    POLICY,
    waiting,
)


def test_the_request_asks_and_says_what_is_known() -> None:
    mail = request(waiting(), **FULL)
    assert mail.to == ADA
    assert mail.subject == "Approve diabetes-automl version 31 for prod?"
    for text in both(mail):
        for part in (
            "3 Nov 2026, 09:00 UTC (1 day left)",
            "Compare the probe with the last version's.",
            "answered 200 in 52 ms, as expected",
            "api-diabetes-qa",
            "v31-0badcafe",
            "api-diabetes-prod serves version 29 (100 % of the traffic).",
            "answered 200 in 52 ms against 1.25 s now, 2 differences",
            "149.9",
            "r2_score",
            "+0.025 (+5.0 %)",
            "Version 30",
            "grace@example.com: the intercept is off.",
            "copied to workspace wk-prod, as diabetes-automl-production version 31",
            "endpoint api-diabetes-prod",
            "data.scientist@example.com",
            "Gradient boosting",
            "3 (5.0 MiB)",
        ):
            assert part in text.replace("\N{NO-BREAK SPACE}", " "), part
        assert "hunter" not in text


def test_whose_link_was_revoked_hears_what_became_of_the_answer() -> None:
    desk = waiting(QUORUM)
    speaker = replace(own(desk), purpose=Purpose.NEW_LINK)
    mail = request(desk, Owed(speaker, Purpose.NEW_LINK, 2))
    assert mail.subject == "Approve diabetes-automl version 31 for prod?"
    for text in both(mail):
        assert "Your answer stands, but the links that were mailed are revoked" in text
        assert "If it was not you who answered, do so." in text
        assert "waits for your answer" not in text
    assert URL in mail.text


def test_whose_answer_went_void_hears_why_without_being_asked() -> None:
    desk = waiting(QUORUM)
    speaker = replace(own(desk), purpose=Purpose.VOIDED)
    changed = (Difference("tags.x", None, "1"),)
    mail = request(desk, Owed(speaker, Purpose.VOIDED, 0), changed_since=changed)
    assert mail.subject == "Approve diabetes-automl version 31 for prod?"
    for text in both(mail):
        assert "does not count any more" in text
        assert "x" in text
        assert "7K2M-9QXD" not in text
    assert URL in mail.text
    assert URL in mail.html


def test_link_code_and_version_stand_on_lines_of_their_own() -> None:
    lines = request(waiting()).text.splitlines()
    assert lines.count(URL) == 1
    assert lines.count("Your code: 7K2M-9QXD") == 1
    assert lines.count("Version: 31") == 1
    assert request(waiting(), code="7K2M9QXD").text == request(waiting()).text


def test_the_code_is_large_and_in_no_link() -> None:
    mail = request(waiting())
    assert "7K2M-9QXD" in words(mail.html)
    assert not [link for link in re.findall(r'href="([^"]+)"', mail.html) if "7K2M" in link]


def test_who_signs_in_gets_no_code() -> None:
    mail = request(waiting(), code=None)
    for text in both(mail):
        assert "Your code" not in text
        assert f"Sign in on the page as {ADA}" in text
    assert "Version: 31" in mail.text.splitlines()


def test_nobody_can_write_a_code_or_a_link_of_their_own_at_the_begin_of_a_line() -> None:
    forged = "fine\nYour code: AAAA-AAAA\nVersion: 1\nhttps://evil.example/api/approvals/x"
    text = request(
        waiting(replace(POLICY, instructions=forged)),
        description=forged,
        tags={forged: forged},
        **{**FULL, "skipped": (replace(SKIPPED[0], words=forged, rejections=(forged,)),)},
        changed_since=(Difference(forged, forged, forged),),
    ).text
    assert re.findall(r"^Your code: .*$", text, re.MULTILINE) == ["Your code: 7K2M-9QXD"]
    assert re.findall(r"^Version: .*$", text, re.MULTILINE) == ["Version: 31"]
    assert re.findall(r"^https?:.*$", text, re.MULTILINE) == [URL]


def test_the_request_has_one_link_in_both_forms() -> None:
    mail = request(waiting(), **FULL)
    assert re.findall(r"https?://\S+", mail.text) == [URL]
    assert re.findall(r'href="([^"]+)"', mail.html) == [URL]
    assert OPERATION not in mail.text + mail.html


def test_a_reminder_says_how_long_is_left_under_the_same_subject() -> None:
    desk = waiting()
    first = request(desk)
    desk.world.clock.advance(hours=21)
    mail = request(desk, Owed(own(desk), Purpose.REMINDER, 1))
    assert mail.subject == first.subject
    assert mail.text.startswith("Reminder: 3 hours left.\n")
    for text in both(mail):
        assert "You were asked on 2 Nov 2026, 09:00 UTC and have not answered yet." in text
        assert "3 hours left" in text
    assert "Reminder: 3 hours left, until 3 Nov 2026, 09:00 UTC." in words(mail.html)
    assert "Reminder" not in first.text + first.html


def test_who_is_above_is_told_who_has_stayed_silent_since_when() -> None:
    desk = waiting(replace(QUORUM, escalation=Escalation(12 * HOUR, (BOSS,))))
    desk.world.clock.advance(hours=12)
    mail = request(desk, Owed(speaker_of(desk, BOSS), Purpose.ESCALATION, 0))
    for text in both(mail):
        assert (
            "No answer has come from Ada Lovelace (ada@example.com) since 2 Nov 2026, 09:00 UTC: "
            "you may answer instead." in text
        )
    desk.world.clock.advance(hours=1)
    again = request(desk, Owed(speaker_of(desk, BOSS), Purpose.REMINDER, 1))
    assert "No answer has come from" in again.text
    assert "You were asked on 2 Nov 2026, 21:00 UTC" in again.text


def test_a_stand_in_is_told_for_whom() -> None:
    desk = waiting(BERLIN)
    for text in both(request(desk, Owed(speaker_of(desk, MAX), Purpose.REQUEST, 0))):
        assert f"You stand in for {ADA}." in text


def test_who_was_handed_a_voice_is_told_whose() -> None:
    desk = waiting(BERLIN)
    said = say(desk, "reassign", to=BOSS)
    assert said.status == 200
    mail = request(desk, Owed(speaker_of(desk, BOSS), Purpose.REQUEST, 1))
    for text in both(mail):
        assert f"The voice of {ADA} was handed on to you." in text


def test_who_is_asked_again_is_told_what_changed_field_by_field() -> None:
    changed = (
        Difference("configuration.compute.instance_count", 1, 2),
        Difference("configuration.environment_variables.API_KEY", "hunter1", "hunter2"),
        Difference("artefact_digest", "a" * 64, "b" * 64),
    )
    mail = request(waiting(), changed_since=changed)
    for text in both(mail):
        assert "You are asked again" in text
        assert re.search(r"compute.instance_count:? 1 (->|→) 2", text)
        assert "API_KEY" in text
        assert "hunter" not in text
        assert re.search(r"artefact_digest:? aaaaaaaaaaaa… (->|→) bbbbbbbbbbbb…", text)


def test_an_older_version_is_said_to_be_older() -> None:
    newer = replace(FULL["current"], is_newer=True)
    for text in both(request(waiting(), current=newer)):
        assert "newer than version 31: approving puts the older one in its place" in text


def test_times_are_told_in_the_policys_time_zone() -> None:
    mail = request(waiting(BERLIN))
    for text in both(mail):
        assert "6 Nov 2026, 10:00 Europe/Berlin" in text
        assert "UTC" not in text


def test_a_subject_is_one_line() -> None:
    desk = waiting()
    model = replace(desk.release.model, name="a\r\nBcc: b")
    desk.save(replace(desk.release, model=model))
    assert request(desk).subject == "Approve a Bcc: b version 31 for prod?"


def test_long_descriptions_and_many_tags_are_cut_in_mails() -> None:
    tags = {f"tag_{number}": "word " * 1_000 for number in range(500)}
    mail = request(waiting(), description="word " * 1_000, tags=tags)
    assert len(mail.text) < 10_000
    assert "… (" in mail.text
    for text in both(mail):
        assert "And 480 more tags and properties, on the page." in text


def test_policies_of_before_there_were_policies_ask_too() -> None:
    desk = waiting()
    desk.update(policy=None)
    assert isinstance(desk.asked.terms, ApprovalPolicy)
    assert desk.asked.terms.voices == (Voice(ADA, (ADA,)), Voice(GRACE, (GRACE,)))
    assert "Approve diabetes-automl" in request(desk).subject
    assert isinstance(desk.asked, Ask)
    assert desk.asked.expires_at - desk.now == timedelta(hours=24)
