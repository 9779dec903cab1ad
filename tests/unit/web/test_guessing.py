"""How often one may be wrong, and what mail scanners do."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.domain.fetch import FetchKind
from shared.web.approvals import decide, show_approval
from shared.web.attempts import UNKNOWN, address_of
from shared.web.http import Response
from tests.unit.web.browsing import (
    filled,
    getting,
    look,
    nonce_on,
    page,
    posting,
    send,
    words,
)
from tests.unit.web.support import (
    ADA,
    GRACE,
    Desk,
    waiting,
)

HERE = {"x-forwarded-for": "203.0.113.7:51234"}


def wrong(desk: Desk, headers: Mapping[str, str] = HERE, person: str = ADA) -> Response:
    form = filled(desk, "approve", person, code="AAAA-AAAA")
    return send(desk, form, person, headers=headers)


def right(desk: Desk, headers: Mapping[str, str] = HERE, person: str = ADA) -> Response:
    return send(desk, filled(desk, "approve", person), person, headers=headers)


def test_after_ten_failures_from_an_address_a_right_code_does_not_help() -> None:
    desk = waiting()
    assert [wrong(desk).status for _ in range(11)] == [400] * 10 + [429]
    response = right(desk)
    assert response.status == 429
    assert int(response.headers["Retry-After"]) == 900
    assert "Too many attempts" in words(response)
    assert desk.decisions == []
    assert right(desk, {"x-forwarded-for": "203.0.113.8"}).status == 200


def test_after_a_while_it_is_heard_again() -> None:
    desk = waiting()
    for _ in range(10):
        wrong(desk)
    desk.world.clock.advance(minutes=14, seconds=59)
    assert right(desk).status == 429
    desk.world.clock.advance(seconds=1)
    assert right(desk).status == 200


def test_many_addresses_may_fail_a_hundred_times_in_all() -> None:
    desk = waiting()
    for number in range(100):
        assert wrong(desk, {"x-forwarded-for": f"203.0.113.{number}"}).status == 400
    response = right(desk, {"x-forwarded-for": "198.51.100.1"})
    assert response.status == 429
    assert int(response.headers["Retry-After"]) == 3600


def test_what_is_refused_is_the_same_whatever_was_wrong_or_right() -> None:
    desk = waiting()
    for _ in range(10):
        wrong(desk)
    form = filled(desk, "approve")
    answers = [
        send(desk, sent, headers=HERE)
        for sent in (form, form | {"version": "1"}, form | {"nonce": ""}, {"choice": "x"}, {})
    ]
    assert {answer.status for answer in answers} == {429}
    assert len({answer.body for answer in answers}) == 1


def test_a_page_that_was_open_for_too_long_is_no_guess() -> None:
    desk = waiting()
    form = filled(desk, "approve")
    desk.world.clock.advance(hours=13)
    assert {send(desk, form, headers=HERE).status for _ in range(11)} == {400}
    assert right(desk).status == 200


def test_who_chooses_and_forgets_the_version_is_no_program() -> None:
    desk = waiting()
    send(desk, filled(desk, "approve", version="", code=""), headers=HERE)
    found = desk.world.store.fetches(release_id=desk.id)
    assert all(each.kind is FetchKind.PERSON for each in found)


@pytest.mark.parametrize("field", ["version", "code"])
def test_what_may_be_guessed_is_counted(field: str) -> None:
    desk = waiting()
    for _ in range(10):
        send(desk, filled(desk, "approve") | {field: "x"}, headers=HERE)
    assert right(desk).status == 429


def test_a_code_without_a_version_is_a_guess_as_any_other() -> None:
    desk = waiting()
    for _ in range(10):
        send(desk, filled(desk, "approve", version="", code="AAAA-AAAA"), headers=HERE)
    assert right(desk).status == 429


def test_what_cannot_be_guessed_is_not_counted() -> None:
    desk = waiting()
    for _ in range(20):
        send(desk, filled(desk, "reject"), headers=HERE)
    assert right(desk).status == 200


def test_other_releases_are_not_concerned() -> None:
    desk = waiting()
    for _ in range(10):
        wrong(desk)
    assert right(waiting()).status == 200


def test_opening_a_link_is_never_limited() -> None:
    desk = waiting()
    for _ in range(12):
        wrong(desk)
    for _ in range(50):
        assert look(desk, headers=HERE).status == 200


def test_wrong_links_are_limited_by_address_and_right_ones_are_not() -> None:
    desk = waiting()
    services, orchestrations = desk.world.services, desk.world.orchestrations
    statuses = [
        show_approval(services, getting("nonsense", headers=HERE)).status for _ in range(15)
    ]
    statuses += [
        decide(services, posting("nonsense", {}, HERE), orchestrations).status for _ in range(16)
    ]
    assert statuses == [404] * 30 + [429]
    assert look(desk, token="nonsense", headers=HERE).status == 429
    assert look(desk, headers=HERE).status == 200
    assert right(desk).status == 200


def test_whoever_cannot_be_counted_has_to_wait() -> None:
    desk = waiting()
    form = filled(desk, "approve")
    desk.world.attempts.faults.add("failures")
    assert send(desk, form).status == 503
    assert desk.decisions == []
    assert send(desk, form).status == 200


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("10.0.0.1, 203.0.113.7:51234", "203.0.113.7"),
        ("203.0.113.7,198.51.100.4", "198.51.100.4"),
        ("[2001:db8::1]:51234", "2001:db8::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:0db8:0:0:ffff::1", "2001:db8::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", UNKNOWN),
        ("unknown", UNKNOWN),
        ("203.0.113.7, evil", UNKNOWN),
        ("[::1", "::/64"),
    ],
)
def test_the_front_ends_word_for_an_address_counts(header: str, address: str) -> None:
    assert address_of({"x-forwarded-for": header}) == address


def test_without_the_header_all_are_one_address() -> None:
    assert address_of({}) == UNKNOWN


def test_a_scanner_that_submits_every_form_as_it_stands_decides_nothing_and_is_recorded() -> None:
    desk = waiting()
    for person in (ADA, GRACE):
        for _ in range(10):
            form = {"nonce": nonce_on(look(desk, person)), "version": "", "code": "", "comment": ""}
            for choice in ("", "approve", "reject", "reassign", "defer"):
                send(desk, form | {"choice": choice}, person, headers=HERE)
    assert desk.decisions == []
    assert desk.world.orchestrations.rung == []
    automatic = [
        each
        for each in desk.world.store.fetches(release_id=desk.id)
        if each.kind is FetchKind.AUTOMATIC
    ]
    assert [(each.person, each.why) for each in automatic] == [(ADA, "POST"), (GRACE, "POST")]
    assert [event.type.value for event in desk.events] == ["Started"]


def test_a_scanner_does_not_lock_people_out() -> None:
    desk = waiting()
    for _ in range(150):
        form = {"nonce": nonce_on(look(desk)), "choice": "approve", "version": "", "code": ""}
        assert send(desk, form, headers=HERE).status == 400
    assert right(desk).status == 200


def test_a_version_without_a_code_is_a_guess_as_any_other() -> None:
    desk = waiting()
    for number in range(100):
        address = {"x-forwarded-for": f"198.51.100.{number}"}
        send(desk, filled(desk, "approve", code=""), headers=address)
    assert right(desk).status == 429


@pytest.mark.parametrize(
    ("method", "headers", "kind", "why"),
    [
        ("GET", {}, FetchKind.PERSON, "Mozilla/5.0 (iPhone"),
        ("HEAD", {}, FetchKind.AUTOMATIC, "HEAD"),
        ("OPTIONS", {}, FetchKind.AUTOMATIC, "OPTIONS"),
        ("GET", {"user-agent": "BarracudaCentral scanner"}, FetchKind.AUTOMATIC, "Barracuda"),
        ("GET", {"sec-purpose": "prefetch"}, FetchKind.AUTOMATIC, "prefetch"),
    ],
)
def test_openings_are_counted_by_kind(
    method: str, headers: dict[str, str], kind: FetchKind, why: str
) -> None:
    desk = waiting()
    before = (desk.stored, desk.events)
    for _ in range(3):
        show_approval(desk.world.services, getting(desk.token(), method, headers))
    [fetch] = desk.world.store.fetches(release_id=desk.id)
    assert (fetch.person, fetch.stage, fetch.ask, fetch.count) == (ADA, "prod", 1, 3)
    assert fetch.kind is kind
    assert fetch.why.startswith(why)
    assert (desk.stored, desk.events) == before


def test_the_page_is_shown_though_its_opening_cannot_be_counted() -> None:
    desk = waiting()
    desk.world.store.faults.add("note_fetch")
    assert look(desk).status == 200


def test_a_version_that_was_typed_is_no_opening() -> None:
    desk = waiting()
    send(desk, filled(desk, "approve", version="30"))
    kinds = [each.kind for each in desk.world.store.fetches(release_id=desk.id)]
    assert kinds == [FetchKind.PERSON]


def test_options_say_what_may_be_asked_and_no_more() -> None:
    desk = waiting()
    for token in (desk.token(), "nonsense"):
        response = show_approval(desk.world.services, getting(token, "OPTIONS"))
        assert (response.status, response.body) == (204, "")
        assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_looking_with_an_answer_in_the_address_changes_nothing() -> None:
    desk = waiting()
    request = replace(getting(desk.token()), query=filled(desk, "approve"))
    assert show_approval(desk.world.services, request).status == 200
    assert desk.decisions == []
    assert desk.code() not in page(look(desk))
