"""What people and programs send, and what they read in the answers."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from shared.web.approvals import decide, show_approval
from shared.web.http import Request, Response
from tests.unit.web.support import ADA, Desk

BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/605.1.15"


def nonce_on(response: Response) -> str:
    """What a page's form carries; empty where the page has none."""
    found = re.search(r'name="nonce" value="([^"]*)"', str(response.body))
    return found[1] if found else ""


def posting(
    token: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Request:
    """What a browser sends from the page's form."""
    return Request(
        method="POST",
        params={"token": token},
        form=form,
        body=urlencode(form).encode(),
        headers={"user-agent": BROWSER, "content-type": "application/x-www-form-urlencoded"}
        | dict(headers or {}),
    )


def getting(token: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Request:
    given = {"user-agent": BROWSER} | dict(headers or {})
    return Request(method=method, params={"token": token}, headers=given)


def sending(value: object, **params: str) -> Request:
    """A POST of JSON."""
    return Request(
        method="POST",
        params=params,
        body=json.dumps(value).encode(),
        headers={"content-type": "application/json; charset=utf-8"},
    )


def document(response: Response) -> dict[str, Any]:
    """The JSON of a response."""
    value = json.loads(response.body)
    assert isinstance(value, dict)
    return value


def page(response: Response) -> str:
    """The HTML of a response, on one line so that sentences can be found in it."""
    assert response.content_type == "text/html; charset=utf-8"
    assert isinstance(response.body, str)
    return " ".join(response.body.split())


def words(response: Response) -> str:
    """What a page says, without its tags."""
    body = re.sub(r"<style>.*?</style>", "", str(response.body), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def look(
    desk: Desk, person: str = ADA, *, headers: Mapping[str, str] | None = None, token: str = ""
) -> Response:
    """Open a person's link."""
    request = getting(token or desk.token(person), headers=headers)
    return show_approval(desk.world.services, request)


def filled(desk: Desk, choice: str, person: str = ADA, **form: str) -> dict[str, str]:
    """The page's form as a person fills it in; without a nonce given, that of a page of now."""
    nonce = form.get("nonce", nonce_on(look(desk, person)))
    fields = {"nonce": nonce, "version": desk.model.version, "code": desk.code(person)}
    return {"choice": choice, "comment": ""} | fields | form


def send(
    desk: Desk,
    form: Mapping[str, str],
    person: str = ADA,
    *,
    headers: Mapping[str, str] | None = None,
    token: str = "",
) -> Response:
    """Send a form to a person's link."""
    request = posting(token or desk.token(person), form, headers)
    return decide(desk.world.services, request, desk.world.orchestrations)


def say(desk: Desk, choice: str, person: str = ADA, **form: str) -> Response:
    """Open a person's link, fill in the form, and send it."""
    return send(desk, filled(desk, choice, person, **form), person)
