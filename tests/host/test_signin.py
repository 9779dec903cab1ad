import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.host.hosting import RunningHost

ADA = "Ada@modelgate.example"
EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"


class Browser(requests.Session):
    """Keeps cookies, and follows a redirect only when it is told to."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def open(self, path: str, **more: Any) -> requests.Response:  # noqa: ANN401
        return self.get(self.url + path, timeout=20, allow_redirects=False, **more)

    def sign_in(self, address: str, target: str = "/api/echo/1") -> requests.Response:
        form = {"address": address, "post_login_redirect_uri": target}
        callback = self.url + "/.auth/login/aad/callback"
        return self.post(callback, data=form, timeout=20, allow_redirects=False)

    def seen(self, **headers: str) -> dict[str, str]:
        """The headers of the platform that reach the app."""
        received = self.open("/api/echo/1", headers=headers).json()["headers"]
        return {name: value for name, value in received.items() if name.startswith("x-ms")}


@pytest.fixture
def browser(signing_in: RunningHost) -> Iterator[Browser]:
    with Browser(signing_in.url) as browser:
        yield browser


def test_who_has_signed_in_is_told_to_the_app(browser: Browser) -> None:
    page = browser.open("/.auth/login/aad", params={"post_login_redirect_uri": "/api/echo/1"})
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert 'value="/api/echo/1"' in page.text
    assert "<script" not in page.text
    answer = browser.sign_in(ADA)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/api/echo/1")

    headers = browser.seen()
    principal = json.loads(base64.b64decode(headers.pop("x-ms-client-principal"), validate=True))
    claims = {claim["typ"]: claim["val"] for claim in principal["claims"]}
    assert headers == {
        "x-ms-client-principal-id": claims[OBJECT_ID],
        "x-ms-client-principal-name": ADA,
        "x-ms-client-principal-idp": "aad",
    }
    assert (principal["auth_typ"], principal["name_typ"]) == ("aad", EMAIL)
    assert claims[EMAIL] == claims["preferred_username"] == ADA


def test_who_has_not_signed_in_comes_through_without_a_name(browser: Browser) -> None:
    assert browser.seen() == {}
    assert browser.open("/.auth/me").status_code == 401


def test_the_session_is_out_of_scripts_reach_and_cannot_be_guessed(browser: Browser) -> None:
    cookie = browser.sign_in(ADA).headers["Set-Cookie"]
    name, _, value = cookie.partition(";")[0].partition("=")
    assert name == "AppServiceAuthSession"
    assert len(value) >= 43, "32 random bytes"
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    browser.cookies.clear()
    browser.cookies.set(name, value[:-1] + ("A" if value[-1] != "A" else "B"))
    assert browser.seen() == {}


@pytest.mark.parametrize("signed_in", [True, False])
def test_headers_of_the_platform_are_never_taken_from_a_client(
    browser: Browser, *, signed_in: bool
) -> None:
    if signed_in:
        browser.sign_in(ADA)
    headers = browser.seen(
        **{
            "X-MS-CLIENT-PRINCIPAL": "e30=",
            "X-Ms-Client-Principal-Name": "eve@modelgate.example",
            "x-ms-client-principal-id": "eve",
            "X-MS-CLIENT-PRINCIPAL-IDP": "github",
            "X-MS-TOKEN-AAD-ID-TOKEN": "eve",
        }
    )
    assert headers.get("x-ms-client-principal-name") == (ADA if signed_in else None)
    assert len(headers) == (4 if signed_in else 0)
    assert "eve" not in str(headers)


def test_me_says_who_one_is(browser: Browser) -> None:
    browser.sign_in(ADA)
    (me,) = browser.open("/.auth/me").json()
    assert (me["provider_name"], me["user_id"]) == ("aad", ADA)
    assert {"typ": "preferred_username", "val": ADA} in me["user_claims"]


def test_the_same_person_has_the_same_id_however_it_is_spelled(browser: Browser) -> None:
    ids = set()
    for address in (ADA, ADA.lower(), "grace@modelgate.example"):
        browser.sign_in(address)
        ids.add(browser.seen()["x-ms-client-principal-id"])
    assert len(ids) == 2


def test_signing_out_ends_the_session_for_good(browser: Browser) -> None:
    browser.sign_in(ADA)
    session = browser.cookies["AppServiceAuthSession"]
    answer = browser.open("/.auth/logout")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/.auth/logout/done")
    assert "AppServiceAuthSession" not in browser.cookies
    browser.cookies.set("AppServiceAuthSession", session)
    assert browser.seen() == {}
    assert browser.open("/.auth/logout/done").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "evil",
        "/a\r\nSet-Cookie: a=b",
        "/a b",
        "",
    ],
)
def test_it_goes_to_no_other_site(browser: Browser, target: str) -> None:
    answer = browser.sign_in(ADA, target)
    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    assert browser.seen() == {}
    ways = {"login/aad": "post_login_redirect_uri", "logout": "post_logout_redirect_uri"}
    for path, parameter in ways.items():
        answer = browser.open(f"/.auth/{path}", params={parameter: target})
        assert (answer.status_code, answer.headers.get("Location")) == (400, None)


@pytest.mark.parametrize("address", ["", "ada", "@", "a@b c", "a@b\nx"])
def test_without_an_address_it_asks_again(browser: Browser, address: str) -> None:
    answer = browser.sign_in(address)
    assert answer.status_code == 400
    assert "Give a mail address." in answer.text
    assert 'value="/api/echo/1"' in answer.text
    assert browser.seen() == {}


def test_what_is_typed_is_escaped(browser: Browser) -> None:
    answer = browser.open("/.auth/login/aad", params={"post_login_redirect_uri": '/"><b>'})
    assert 'value="/&#34;&gt;&lt;b&gt;"' in answer.text


def test_other_ways_in_are_not_played(browser: Browser) -> None:
    for path in ("/.auth/login/github", "/.auth/refresh", "/.auth"):
        assert browser.open(path).status_code == 404


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "{own}", "Referer": "{own}/api/echo/1"}, 200),
        ({"Origin": "{own}"}, 200),
        ({"Referer": "{own}/api/echo/1"}, 200),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Referer": "https://evil.example/{own}"}, 403),
        ({"Origin": "{own}.evil.example"}, 403),
        ({"Origin": "{own}", "Referer": "https://evil.example/"}, 403),
        ({"User-Agent": "python-requests/2"}, 200),
    ],
)
def test_a_form_that_another_site_sends_by_somebodys_session_is_refused(
    browser: Browser, headers: dict[str, str], status: int
) -> None:
    browser.sign_in(ADA)
    sent = {name: value.replace("{own}", browser.url) for name, value in headers.items()}
    answer = browser.post(f"{browser.url}/api/echo/1", headers={"User-Agent": FIREFOX} | sent)
    assert answer.status_code == status


def test_without_a_session_every_form_reaches_the_app(browser: Browser) -> None:
    foreign = {"User-Agent": FIREFOX, "Origin": "https://evil.example"}
    assert browser.post(f"{browser.url}/api/echo/1", headers=foreign).status_code == 200
    browser.sign_in(ADA)
    assert browser.open("/api/echo/1", headers=foreign).status_code == 200, "a GET"


def test_nothing_of_it_is_there_when_it_is_off(basic: RunningHost) -> None:
    with Browser(basic.url) as browser:
        for path in ("/.auth/login/aad", "/.auth/me", "/.auth/logout"):
            assert browser.open(path).status_code == 404
        assert browser.sign_in(ADA).status_code == 404
        browser.cookies.set("AppServiceAuthSession", "x")
        assert browser.seen() == {}
