"""What a link leads to: an open question, what became of it, or nowhere."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.approval import Verdict, judge
from shared.domain.decision import Choice
from shared.domain.errors import FailureKind
from shared.domain.evidence import Difference
from shared.domain.release import Outcome, ReleaseId
from shared.web.approvals import show_approval
from tests.fakes.failures import PASSING, Faults
from tests.unit.web.browsing import filled, getting, look, page, say, send, words
from tests.unit.web.samples import BERLIN, QUORUM
from tests.unit.web.support import (
    ADA,
    GRACE,
    HOUR,
    waiting,
)


def test_every_dead_link_gets_the_same_page_for_the_same_work() -> None:
    desk = waiting()
    whole, form = desk.token(), filled(desk, "approve")
    dead = [
        "",
        desk.world.links.url(link=replace(desk.link(), person=9)).rpartition("/")[2],
        desk.token(ask=2),
        desk.token(stage=7),
        desk.token(stage=0),
        desk.token(series=2),
        desk.token(digest="e" * 12),
        desk.token(release_id=ReleaseId("nobody")),
        whole[:-9],
        " ",
        "x" * 5_000,
        "<script>",
    ]
    desk.world.store.faults = counted = Counted()
    answers, calls = [], []
    for token in dead:
        counted.calls.clear()
        answers.append(show_approval(desk.world.services, getting(token)))
        calls.append(list(counted.calls))
    desk.world.store.faults = Faults()
    answers += [send(desk, form, token=token or " ") for token in dead]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.body for answer in answers}) == 1
    assert all(each == ["get"] for each in calls)
    assert desk.decisions == []


class Counted(Faults):
    """No faults: remembers what was called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def meet(self, method: str) -> None:
        self.calls.append(method)


def test_a_link_is_read_for_a_while_after_the_ask_and_then_no_more() -> None:
    desk = waiting()
    token = desk.token()
    desk.world.clock.advance(seconds=24 * HOUR)
    assert look(desk, token=token).status == 410
    desk.world.clock.advance(days=29, hours=23)
    assert look(desk, token=token).status == 410
    desk.world.clock.advance(hours=1)
    assert look(desk, token=token).status == 404


def test_after_the_time_nobody_decides() -> None:
    desk = waiting()
    token, form = desk.token(), filled(desk, "approve")
    desk.world.clock.advance(seconds=24 * HOUR)
    for response in (look(desk, token=token), send(desk, form, token=token)):
        assert response.status == 410
        assert "The time to answer is over" in words(response)
        assert "prod stays as it is" in words(response)
    assert desk.decisions == []


def test_after_the_time_it_is_told_what_came_in_time() -> None:
    desk = waiting(replace(BERLIN, timeout_seconds=9 * HOUR))
    desk.world.clock.advance(hours=8)
    say(desk, "approve")
    desk.world.clock.advance(hours=2)
    text = words(look(desk, GRACE))
    assert "The answers that came in time take effect on 3 Nov 2026, 09:00 Europe/Berlin" in text
    assert "stays as it is" not in text
    mine = look(desk)
    assert "What you answered" in words(mine)
    assert "<form" not in page(mine)


def test_who_is_asked_again_is_sent_to_the_newer_mail_and_told_what_changed() -> None:
    desk = waiting()
    old, form = desk.token(), filled(desk, "approve")
    change = Difference("configuration.compute.instance_count", 1, 2)
    desk.ask(changed_since=(change,))
    for response in (look(desk, token=old), send(desk, form, token=old)):
        text = words(response)
        assert "This question is void" in text
        assert "open the link in that one" in text
        assert "compute.instance_count" in text
    assert look(desk, token=old).status == 410
    assert send(desk, form, token=old).status == 409
    assert "You are asked again" in words(look(desk))
    assert look(desk).status == 200
    assert desk.decisions == []


def test_a_link_of_an_earlier_ask_names_nobody_who_may_have_taken_its_place() -> None:
    desk = waiting()
    old = desk.token()
    say(desk, "approve", comment="Go.")
    desk.update(used=True)
    desk.ask(QUORUM)
    text = words(look(desk, token=old))
    assert "You answer as" not in text
    assert "Go." not in text
    assert desk.world.store.fetches(release_id=desk.id)[-1].ask == 1


def test_an_answer_that_went_void_is_shown_as_such() -> None:
    desk = waiting()
    say(desk, "approve", comment="Go.")
    desk.update(used=True)
    response = look(desk)
    assert response.status == 410
    assert "This question is void" in words(response)
    assert "That does not count any more." in words(response)
    assert "Go." in words(response)


def test_an_answer_that_went_void_settles_nothing_when_the_release_ends() -> None:
    desk = waiting()
    say(desk, "approve", comment="Go.")
    desk.update(used=True)
    desk.end(Outcome.ERRORED, "Nobody is asked.")
    response = look(desk)
    assert response.status == 410
    assert "You have answered already" not in words(response)
    assert "Nobody is asked." in words(response)


def test_a_release_that_is_about_to_end_takes_no_answer() -> None:
    desk = waiting()
    form = filled(desk, "approve")
    desk.save(replace(desk.release, ending=Outcome.ERRORED, reason="QA is gone."))
    assert send(desk, form).status == 409
    response = look(desk)
    assert response.status == 410
    assert "It ends in a moment: Errored QA is gone." in words(response)
    assert "It waits for" not in words(response)
    assert desk.decisions == []


def test_an_answer_counts_although_the_clock_of_its_instance_is_behind() -> None:
    desk = waiting()
    desk.update(asked_at=desk.now + timedelta(seconds=2))
    assert "Approved" in words(say(desk, "approve"))
    verdict = judge(desk.asked, desk.decisions, desk.now + timedelta(minutes=5)).verdict
    assert verdict is Verdict.APPROVED


def test_a_used_approval_shows_how_the_release_goes_on() -> None:
    desk = waiting()
    say(desk, "approve")
    form = filled(desk, "reject", comment="No.")
    desk.begin_prod()
    for person, headline in [
        (ADA, "You have answered already"),
        (GRACE, "This has been decided"),
    ]:
        response = look(desk, person)
        assert response.status == 200
        assert headline in words(response)
        assert f"{ADA} approved it" in words(response)
        assert "It waits for deployment v31-0badcafe." in words(response)
        assert send(desk, form, person).status == 409


@pytest.mark.parametrize(
    ("outcome", "headline"),
    [
        (Outcome.ABORTED, "The release has ended"),
        (Outcome.ERRORED, "The release has ended"),
        (Outcome.EXPIRED, "The time to answer is over"),
        (Outcome.SUPERSEDED, "A newer version takes its place"),
    ],
)
def test_a_release_that_is_over_says_how_it_ended(outcome: Outcome, headline: str) -> None:
    desk = waiting()
    form = filled(desk, "approve")
    desk.end(outcome, "Ended for a reason.")
    assert look(desk).status == 410
    response = send(desk, form)
    assert response.status == (410 if outcome is Outcome.EXPIRED else 409)
    for words_ in (headline, "Ended for a reason.", outcome.value):
        assert words_ in words(response)
    assert desk.decisions == []


def test_a_rejected_release_says_who_rejected_it_and_why() -> None:
    desk = waiting()
    say(desk, "reject", comment="R2 fell.")
    desk.end(Outcome.REJECTED, f"Rejected by {ADA}: R2 fell.")
    response = look(desk, GRACE)
    assert response.status == 200
    assert "This has been decided" in words(response)
    assert f"{ADA} rejected it" in words(response)
    assert "R2 fell." in words(response)


def test_an_answer_for_another_stage_is_none_for_this_one() -> None:
    desk = waiting()
    decision = desk.decided(ADA, Choice.APPROVE, "For QA.")
    other = waiting()
    other.save(other.release, decision=replace(decision, stage="qa"))
    shown = look(other)
    assert "For QA." not in words(shown)
    assert say(other, "approve").status == 200
    assert other.decisions[-1].revision == 1


def test_a_release_that_is_being_stopped_is_not_decided() -> None:
    desk = waiting()
    form = filled(desk, "approve")
    desk.save(replace(desk.release, abort_requested_by="linus@example.com"))
    assert look(desk).status == 200
    response = send(desk, form)
    assert response.status == 409
    assert "linus@example.com is stopping" in words(response)
    assert desk.decisions == []


def test_a_revoked_link_tells_no_names_and_no_words() -> None:
    desk = waiting()
    old, form = desk.token(), filled(desk, "approve")
    say(desk, "approve", GRACE, comment="Secret words.")
    desk.update(series=2)
    for response, status in ((look(desk, token=old), 410), (send(desk, form, token=old), 409)):
        assert response.status == status
        assert "This link was revoked" in words(response)
        assert "example.com" not in words(response)
        assert "Secret words." not in words(response)
        assert "It has not ended." in words(response)
    assert desk.world.store.fetches(release_id=desk.id)[0].person == ADA
    assert look(desk).status == 200


def test_a_revoked_link_of_an_earlier_ask_tells_no_more() -> None:
    desk = waiting()
    old = desk.token()
    desk.ask(changed_since=(Difference("tags.secret", "1", "2"),))
    desk.update(series=2)
    response = look(desk, token=old)
    assert response.status == 410
    assert "This link was revoked" in words(response)
    assert "example.com" not in words(response)
    assert "secret" not in words(response)


def test_a_new_link_after_a_revocation_decides_with_its_own_code() -> None:
    desk = waiting()
    old_code = desk.code()
    desk.update(series=2)
    assert say(desk, "approve", code=old_code).status == 400
    assert say(desk, "approve").status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(method: str) -> None:
    desk = waiting()
    before = (desk.stored, desk.events, desk.decisions)
    for _ in range(3):
        response = show_approval(desk.world.services, getting(desk.token(), method))
        assert response.status in (200, 204)
    assert (desk.stored, desk.events, desk.decisions) == before
    assert desk.world.orchestrations.rung == []


@pytest.mark.parametrize(
    ("kind", "status"), [(FailureKind.TRANSIENT, 503), (FailureKind.FINAL, 500)]
)
def test_a_store_that_fails_gets_a_page_that_tells_no_details(
    kind: FailureKind, status: int
) -> None:
    desk = waiting()
    failure = replace(PASSING, message="account modelgate01 refused", kind=kind)
    token = desk.token()
    desk.world.store.faults.add("get", failure)
    response = look(desk, token=token)
    assert response.status == status
    assert "modelgate01" not in page(response)


class Unexpected(Faults):
    def meet(self, method: str) -> None:
        raise KeyError(method)


def test_what_nobody_expected_gets_a_page_too() -> None:
    desk = waiting()
    token = desk.token()
    desk.world.store.faults = Unexpected()
    response = look(desk, token=token)
    assert response.status == 500
    assert "Something broke" in words(response)
    assert response.headers["Cache-Control"] == "no-store"
