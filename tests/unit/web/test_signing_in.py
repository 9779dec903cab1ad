"""Answers of people for whom the platform vouches, and headers that nobody vouches for."""

import base64
import json
from dataclasses import replace

import pytest

from shared.domain.approval import Verdict, judge
from shared.domain.policy import of_people
from shared.web.principal import addresses_of
from tests.unit.web.browsing import filled, look, page, send, words
from tests.unit.web.support import (
    ADA,
    GRACE,
    POLICY,
    Desk,
    waiting,
)

SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
SIGNED_IN_ALONE = replace(POLICY, require_sign_in=True)


def principal(
    *claims: tuple[str, str], name: str = "", provider: str = "aad", kind: str = "aad"
) -> dict[str, str]:
    """What App Service adds to a request (documented with `configure-authentication`)."""
    value = {
        "auth_typ": kind,
        "claims": [{"typ": each, "val": said} for each, said in claims],
        "name_typ": f"{SOAP}/emailaddress",
        "role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    }
    return {
        "x-ms-client-principal": base64.b64encode(json.dumps(value).encode()).decode(),
        "x-ms-client-principal-id": "00000000-0000-0000-0000-000000000001",
        "x-ms-client-principal-name": name,
        "x-ms-client-principal-idp": provider,
    }


def entra(person: str) -> dict[str, str]:
    """As recorded with a version 2 token: the name header has the e-mail claim."""
    return principal((f"{SOAP}/emailaddress", person), ("preferred_username", person), name=person)


def with_sign_in(*, required: bool) -> Desk:
    desk = waiting(SIGNED_IN_ALONE if required else POLICY)
    desk.world.sign_in = True
    return desk


@pytest.mark.parametrize(
    ("headers", "addresses"),
    [
        (entra(ADA), {ADA}),
        (entra("Ada@Example.COM"), {ADA}),
        (principal(("upn", ADA)), {ADA}),
        (principal((f"{SOAP}/upn", ADA)), {ADA}),
        (principal(("preferred_username", ADA), ("upn", GRACE)), {ADA, GRACE}),
        (principal(name=ADA), set()),
        (principal(("email", ADA)), set()),
        (principal((f"{SOAP}/emailaddress", ADA), name=ADA), set()),
        (principal(("email", ADA), name=ADA.upper()), set()),
        (principal(("name", ADA)), set()),
        (principal(("preferred_username", ADA), provider="google"), set()),
        (principal(("preferred_username", ADA), kind="google"), set()),
        (principal(("preferred_username", "")), set()),
        ({"x-ms-client-principal-name": ADA, "x-ms-client-principal-idp": "aad"}, set()),
        ({"x-ms-client-principal": "not base64"}, set()),
        ({"x-ms-client-principal": base64.b64encode(b"{").decode()}, set()),
        ({"x-ms-client-principal": base64.b64encode(b"[1]").decode()}, set()),
        ({"x-ms-client-principal": base64.b64encode(b"[" * 50_000).decode()}, set()),
        (
            {"x-ms-client-principal": base64.b64encode(b'{"auth_typ": "aad"}').decode()},
            set(),
        ),
        (
            {
                "x-ms-client-principal": base64.b64encode(
                    b'{"auth_typ": "aad", "claims": [1, {"typ": "upn"}, {"typ": 1, "val": 2}]}'
                ).decode()
            },
            set(),
        ),
        ({}, set()),
    ],
)
def test_whom_the_platform_vouches_for(headers: dict[str, str], addresses: set[str]) -> None:
    assert addresses_of(headers) == addresses


def test_who_is_signed_in_as_the_approver_decides_without_a_code() -> None:
    desk = with_sign_in(required=True)
    shown = look(desk, headers=entra(ADA.upper()))
    assert 'name="code"' not in page(shown)
    form = filled(desk, "approve", nonce=_nonce(desk, signed_in=True)) | {"code": ""}
    assert send(desk, form, headers=entra(ADA.upper())).status == 200
    [decision] = desk.decisions
    assert decision.signed_in
    assert decision.approver == ADA
    assert judge(desk.asked, desk.decisions, desk.now).verdict is Verdict.APPROVED


def test_capital_letters_make_nobody_another_person() -> None:
    policy = of_people("Ada@Example.com", timeout_seconds=3600.0)
    desk = waiting(replace(policy, require_sign_in=True))
    desk.world.sign_in = True
    shown = look(desk, "Ada@Example.com", headers=entra(ADA))
    assert "You answer as Ada@Example.com" in words(shown)


def test_who_is_signed_in_needs_no_code_where_others_do() -> None:
    desk = with_sign_in(required=False)
    assert 'name="code"' in page(look(desk))
    assert 'name="code"' not in page(look(desk, headers=entra(ADA)))
    form = filled(desk, "approve") | {"code": ""}
    assert send(desk, form).status == 400
    assert send(desk, form, headers=entra(GRACE)).status == 400
    theirs = form | {"nonce": _nonce(desk, signed_in=True)}
    assert send(desk, theirs, headers=entra(ADA)).status == 200
    assert desk.decisions[0].signed_in


def test_a_page_that_somebody_else_got_decides_nothing_in_the_approvers_browser() -> None:
    """Who has the link renders the form, and has whoever is signed in send it."""
    desk = with_sign_in(required=False)
    form = filled(desk, "approve") | {"code": ""}
    assert send(desk, form, headers=entra(ADA)).status == 400
    assert desk.decisions == []


def test_who_is_signed_in_types_the_version_all_the_same() -> None:
    desk = with_sign_in(required=True)
    form = {"choice": "approve", "nonce": _nonce(desk), "version": ""}
    response = send(desk, form, headers=entra(ADA))
    assert response.status == 400
    assert "Type the version" in words(response)


def test_who_has_not_signed_in_sees_all_but_the_form() -> None:
    desk = with_sign_in(required=True)
    shown = look(desk)
    assert shown.status == 200
    assert "<form" not in page(shown)
    assert "What was measured" in words(shown)
    assert f"To answer, sign in as {ADA} ." in words(shown)
    path = f"%2Fapi%2Fapprovals%2F{desk.token()}"
    assert f'href="/.auth/login/aad?post_login_redirect_uri={path}"' in page(shown)
    response = send(desk, filled(desk, "approve", nonce=_nonce(desk)))
    assert response.status == 403
    assert desk.decisions == []


def test_who_is_signed_in_as_somebody_else_is_told_so() -> None:
    desk = with_sign_in(required=True)
    for headers in (entra(GRACE), principal(("email", ADA), name=GRACE)):
        shown = look(desk, headers=headers)
        assert f"You are signed in as {GRACE} , and this link is {ADA} 's" in words(shown)
        assert "/.auth/logout?post_logout_redirect_uri=%2Fapi%2Fapprovals%2F" in page(shown)
        assert "<form" not in page(shown)
        form = filled(desk, "approve", nonce=_nonce(desk))
        assert send(desk, form, headers=headers).status == 403
    assert desk.decisions == []


def test_nobody_is_believed_who_says_so_without_the_platform() -> None:
    desk = waiting(SIGNED_IN_ALONE)
    shown = look(desk, headers=entra(ADA))
    assert "this service has no sign-in set up" in words(shown)
    assert "<form" not in page(shown)
    form = filled(desk, "approve", nonce=_nonce(desk))
    assert send(desk, form, headers=entra(ADA)).status == 403
    assert desk.decisions == []


def test_a_header_without_the_platform_is_no_code() -> None:
    desk = waiting()
    form = filled(desk, "approve") | {"code": ""}
    assert send(desk, form, headers=entra(ADA)).status == 400
    assert send(desk, filled(desk, "approve"), headers=entra(ADA)).status == 200
    assert not desk.decisions[0].signed_in


def test_the_code_does_not_stand_in_for_signing_in() -> None:
    desk = with_sign_in(required=True)
    response = send(desk, filled(desk, "approve", nonce=_nonce(desk)))
    assert response.status == 403
    assert desk.decisions == []


def _nonce(desk: Desk, *, signed_in: bool = False) -> str:
    return desk.world.links.nonce(link=desk.link(), revision=0, signed_in=signed_in)
