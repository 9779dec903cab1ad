from dataclasses import replace

import pytest

from shared.domain.release import Outcome, ReleaseId, StageState
from shared.domain.transitions import move_stage
from shared.web.approvals import show_approval
from tests.fakes.troubles import PASSING, Faults
from tests.unit.web.support import (
    DIGEST,
    GRACE,
    HOUR,
    getting,
    look,
    page,
    say,
    waiting,
)


def test_every_dead_link_gets_the_same_page() -> None:
    desk = waiting()
    stranger = desk.token("mallory@example.com")
    early = desk.token(ask=2)
    elsewhere = desk.token(stage="nowhere")
    unasked = desk.token(stage="qa")
    whole = desk.token()
    tokens = [stranger, early, elsewhere, unasked, whole[:-9], "", "x" * 5_000, "<script>"]
    answers = [look(desk, token or " ") for token in tokens]
    answers += [say(desk, "approve", token or " ") for token in tokens]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.body for answer in answers}) == 1
    assert desk.decisions == []


def test_a_link_of_another_release_leads_nowhere() -> None:
    desk = waiting()
    desk.id = ReleaseId("nobody")
    token = desk.token()
    assert show_approval(desk.world.services, getting(token)).status == 404


def test_a_link_is_read_for_a_while_after_the_ask_and_then_no_more() -> None:
    desk = waiting()
    token = desk.token()
    desk.world.clock.advance(seconds=24 * HOUR)
    assert look(desk, token).status == 410
    desk.world.clock.advance(days=31)
    assert look(desk, token).status == 404


def test_after_the_time_nobody_decides() -> None:
    desk = waiting()
    token = desk.token()
    desk.world.clock.advance(seconds=24 * HOUR)
    for response in (look(desk, token), say(desk, "approve", token)):
        assert response.status == 410
        assert "The time to answer is over" in page(response)
        assert "prod stays as it is" in page(response)
    assert desk.decisions == []


def test_who_is_asked_again_is_sent_to_the_newer_mail() -> None:
    desk = waiting()
    old = desk.token()
    desk.ask()
    assert look(desk, old).status == 410
    response = say(desk, "approve", old)
    assert response.status == 409
    assert "open the link in that one" in page(response)
    assert look(desk, desk.token(ask=2)).status == 200
    assert desk.decisions == []


def test_an_answer_that_went_void_is_shown_as_such() -> None:
    desk = waiting()
    say(desk, "approve", comment="Go.")
    ask = desk.release.stages[1].ask
    assert ask is not None
    desk.update(replace(desk.release.stages[1], ask=replace(ask, used=True)))
    response = look(desk)
    assert response.status == 410
    assert "An earlier answer does not count any more" in page(response)
    assert "Go." in page(response)


def test_the_page_of_another_content_does_not_decide() -> None:
    desk = waiting()
    for digest in ("e" * 64, ""):
        response = say(desk, "approve", digest=digest)
        assert response.status == 409
        assert "You were asked again" in page(response)
    assert desk.decisions == []


def test_a_used_approval_shows_how_the_release_goes_on() -> None:
    desk = waiting()
    say(desk, "approve")
    ask = desk.release.stages[1].ask
    assert ask is not None
    begun = replace(
        desk.release.stages[1], ask=replace(ask, used=True), waits_for="deployment v31-0badcafe"
    )
    desk.save(move_stage(desk.release, begun, StageState.COPYING, desk.now))
    for token, headline in [
        (desk.token(), "You have answered already"),
        (desk.token(GRACE), "This has been decided"),
    ]:
        response = look(desk, token)
        assert response.status == 200
        assert headline in page(response)
        assert "It waits for deployment v31-0badcafe." in page(response)
        assert say(desk, "reject", token, comment="No.").status == 409


def test_a_release_that_is_over_says_how_it_ended() -> None:
    desk = waiting()
    desk.end(Outcome.ABORTED, "Stopped by Linus.")
    assert look(desk).status == 410
    response = say(desk, "approve")
    assert response.status == 409
    assert "Stopped by Linus." in page(response)
    assert "Aborted" in page(response)


def test_a_release_that_is_being_stopped_is_not_decided() -> None:
    desk = waiting()
    desk.save(replace(desk.release, abort_requested_by="linus@example.com"))
    assert look(desk).status == 200
    response = say(desk, "approve")
    assert response.status == 409
    assert "linus@example.com is stopping" in page(response)
    assert desk.decisions == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(method: str) -> None:
    desk = waiting()
    before = (desk.stored, desk.events, desk.decisions)
    for _ in range(3):
        response = show_approval(desk.world.services, getting(desk.token(), method))
        assert response.status == 200
    assert (desk.stored, desk.events, desk.decisions) == before
    assert desk.world.orchestrations.rung == []


def test_looking_with_a_decision_in_the_address_changes_nothing() -> None:
    desk = waiting()
    request = replace(getting(desk.token()), query={"decision": "approve", "digest": DIGEST})
    assert show_approval(desk.world.services, request).status == 200
    assert desk.decisions == []


@pytest.mark.parametrize(("retryable", "status"), [(True, 503), (False, 500)])
def test_a_store_that_fails_gets_a_page_that_tells_no_details(retryable: bool, status: int) -> None:
    desk = waiting()
    trouble = replace(PASSING, message="account modelgate01 refused", retryable=retryable)
    desk.world.store.faults.add("get", trouble)
    response = look(desk)
    assert response.status == status
    assert "modelgate01" not in page(response)


class Unexpected(Faults):
    def meet(self, method: str) -> None:
        raise KeyError(method)


def test_what_nobody_expected_gets_a_page_too() -> None:
    desk = waiting()
    token = desk.token()
    desk.world.store.faults = Unexpected()
    response = look(desk, token)
    assert response.status == 500
    assert "Something broke" in page(response)
    assert response.headers["Cache-Control"] == "no-store"
