"""What strangers send: any of it is answered, and nothing of it with a failure of the service."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import azure.functions as func
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.adapters.links import SignedLinks
from shared.bindings import to_http, to_request
from shared.domain.limits import (
    COMMENT_CHARACTERS,
    FIELD_CHARACTERS,
    PERSON_CHARACTERS,
    REQUEST_BYTES,
)
from shared.ports import Links
from shared.web import approvals, releases, revoking
from shared.web.attempts import address_of
from shared.web.filled import read_form
from shared.web.http import FORM, guarded
from shared.web.principal import addresses_of
from tests.unit.web.browsing import filled
from tests.unit.web.samples import BERLIN
from tests.unit.web.support import ADA, Desk, waiting

FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TEXT = st.text(st.characters(codec="utf-8"))  # protocol buffers hold no other
HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
FIELDS = ("nonce", "choice", "version", "code", "comment", "effective_at", "to", "replaces")
DEEP = b"[" * 60_000
JSON = "application/json"


LINKS = SignedLinks(keys=["k" * 32], base_url="https://modelgate.example")
MODULES = (approvals, releases, revoking)


def asked(
    view: str,
    desk: Desk,
    *,
    body: bytes | None = None,
    type_: str = "",
    links: Links | None = None,
    **more: Mapping[str, str],
) -> func.HttpResponse:
    """The answer to a request as the host hands it over, and takes it back."""
    method = "GET" if body is None else "POST"
    headers = {"content-type": type_, **more.get("headers", {})}
    request = func.HttpRequest(
        method=method,
        url="https://modelgate.example/api",
        headers=headers,
        params=more.get("query", {}),
        route_params=more.get("params", {}),
        body=body or b"",
    )
    services = replace(desk.world.services, links=links or desk.world.links)
    module = next(each for each in MODULES if hasattr(each, view))
    extra = () if method == "GET" else (desk.world.orchestrations,)
    answer = to_http(guarded(getattr(module, view))(services, to_request(request), *extra))
    assert answer.status_code < 500, answer.get_body()
    answer.get_body().decode()
    return answer


def form_of(fields: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={quote(value)}" for name, value in fields.items()).encode()


FORMS = (
    st.binary(max_size=2000)
    | st.dictionaries(st.sampled_from(FIELDS), TEXT).map(form_of)
    | st.text(alphabet="&=%;+a\x00\xe9", max_size=200).map(str.encode)
)


@FUZZ
@given(FORMS, st.sampled_from([FORM, f"{FORM}; charset=zlib", "", "multipart/form-data"]))
@example(b"comment=%ED%A0%BD&code=\xff&version=%00", FORM)
@example(b"&" * REQUEST_BYTES, FORM)
@example(b"a" * (REQUEST_BYTES + 1), FORM)
def test_any_form_is_answered(body: bytes, type_: str) -> None:
    desk = waiting(BERLIN)
    answer = asked("decide", desk, body=body, type_=type_, params={"token": desk.token()})
    assert answer.status_code in (400, 403, 413, 415)
    assert desk.decisions == []


@FUZZ
@given(st.dictionaries(st.sampled_from(FIELDS[4:]), TEXT | st.sampled_from(["\ud7ff", ADA])))
@example({"choice": "defer", "effective_at": "0001-01-01T00:00"})
@example({"choice": "defer", "effective_at": "9999-12-31T23:59:59.999999"})
@example({"choice": "defer", "effective_at": "2026-03-29T02:30"})
@example({"choice": "defer", "effective_at": "2026-02-30T02:30"})
@example({"choice": "reassign", "to": "\u202e"})
def test_any_answer_of_who_holds_link_and_code_is_answered(fields: dict[str, str]) -> None:
    desk = waiting(BERLIN)
    form = filled(desk, fields.pop("choice", "defer")) | fields
    body = form_of(form)
    answer = asked("decide", desk, body=body, type_=FORM, params={"token": desk.token()})
    assert answer.status_code in (200, 400, 413)
    for decision in desk.decisions:
        assert len(decision.comment) <= COMMENT_CHARACTERS


@FUZZ
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=3000)))
def test_what_is_shown_again_is_short(form: dict[str, str]) -> None:
    given_ = read_form(form)
    for shown in (given_.version, given_.code, given_.effective_at, given_.to):
        assert len(shown) <= FIELD_CHARACTERS + 1


def test_a_version_that_only_begins_right_stays_wrong() -> None:
    version = "1" * FIELD_CHARACTERS
    assert read_form({"version": version + "1"}).version != version


@FUZZ
@given(TEXT | st.from_regex(r"[a-z0-9-]{1,80}(\.[0-9]{1,6}){4}\.[0-9a-f]{8,16}\.[\w-]+\.[\w-]{43}"))
@example("a" * 100_000)
@example("a.0.0.0.\u0660.0000000000000000.AAAA." + "A" * 43)
def test_any_token_leads_nowhere(token: str) -> None:
    desk = waiting()
    assert asked("show_approval", desk, links=LINKS, params={"token": token}).status_code == 404
    params = {"token": token}
    answer = asked("decide", desk, body=b"a=b", type_=FORM, links=LINKS, params=params)
    assert answer.status_code == 404


@FUZZ
@given(st.data())
def test_a_token_or_a_page_that_was_touched_is_none(data: st.DataObject) -> None:
    link = waiting().link()
    token = LINKS.url(link=link).rpartition("/")[2]
    nonce = LINKS.nonce(link=link, revision=1)
    sign = data.draw(st.characters())
    readers: dict[str, Callable[[str], object]] = {
        token: lambda text: LINKS.read(token=text, max_age_seconds=1e6),
        nonce: lambda text: LINKS.read_nonce(link=link, nonce=text, max_age_seconds=1e6),
    }
    for text, read in readers.items():
        place = data.draw(st.integers(0, len(text) - 1))
        touched = data.draw(
            st.sampled_from([text[:place] + sign + text[place + 1 :], text[:place], sign + text])
        )
        assert read(text) is not None
        assert touched == text or read(touched) is None


@FUZZ
@given(st.text())
def test_any_code_is_wrong(code: str) -> None:
    assert not LINKS.is_code(link=waiting().link(), given=code)


BODIES = (
    st.binary(max_size=500)
    | ANY_JSON.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries(
        {},
        optional={
            name: ANY_JSON | st.sampled_from(["diabetes", "diabetes-automl", "31", 31, "Ann"])
            for name in ("pipeline", "model", "version", "requested_by", "by", "reason")
        },
    ).map(lambda value: json.dumps(value).encode())
)


@FUZZ
@given(BODIES, st.sampled_from(["start_release", "abort_release", "revoke_links"]))
@example(DEEP, "start_release")
@example(b'{"by": ' + b"[" * 900 + b"]" * 900 + b"}", "abort_release")
@example(b'{"by": "\\ud800"}', "abort_release")
@example(b'{"by": "Ann", "reason": "\\udfff"}', "revoke_links")
@example(b'{"by": NaN}', "abort_release")
@example(b'{"version": 1e999}', "start_release")
@example(b'{"version": ' + b"9" * 4_000 + b"}", "start_release")
@example(b'{"version": ' + b"9" * 5_000 + b"}", "start_release")
@example(b"\xff\xfe{\x00}\x00", "abort_release")
@example(b"{" + b" " * REQUEST_BYTES, "abort_release")
def test_any_body_is_answered(body: bytes, view: str) -> None:
    desk = waiting()
    asked(view, desk, body=body or b" ", type_=JSON, params={"id": desk.id})
    stored = desk.release
    assert len(stored.abort_requested_by or "") <= PERSON_CHARACTERS
    assert len(stored.abort_reason or "") <= COMMENT_CHARACTERS


def test_a_body_of_half_a_character_or_many_levels_is_none() -> None:
    desk = waiting()
    for body in (
        b'{"by": "Ann", "x": "\\ud800"}',
        b'{"by": "Ann", "x": ' + b"[" * 99 + b"]" * 99 + b"}",
    ):
        answer = asked("abort_release", desk, body=body, type_=JSON, params={"id": desk.id})
        assert answer.status_code == 400
    assert desk.release.abort_requested_by is None


@pytest.mark.parametrize(
    "by", ["A\nB", "A\u2028B", "A\u202eB", "A\u200bB", "\ufeffA", "\u3000", "A" * 255, "A\x7f"]
)
def test_a_name_is_one_visible_line(by: str) -> None:
    desk = waiting()
    body = json.dumps({"by": by}).encode()
    answer = asked("abort_release", desk, body=body, type_=JSON, params={"id": desk.id})
    assert answer.status_code == 400


@pytest.mark.parametrize("by", ["山田\u3000太郎", "Ada Lovelace", " Ann ", "A" * 254])
def test_names_of_people_are_names(by: str) -> None:
    desk = waiting()
    body = json.dumps({"by": by}).encode()
    asked("abort_release", desk, body=body, type_=JSON, params={"id": desk.id})
    assert desk.release.abort_requested_by == by.strip()


@FUZZ
@given(
    st.sampled_from(["list_releases", "get_release", "list_events", "list_ignored", "health"]),
    st.dictionaries(
        st.sampled_from(["pipeline", "outcome", "cursor", "limit", "after"]),
        TEXT | st.integers().map(str) | st.sampled_from(["Failed", "diabetes", "\u0661", "1_0"]),
    ),
    TEXT,
)
@example("list_events", {"after": "9" * 5_000}, "")
@example("list_releases", {"cursor": "A" * 100_000}, "")
@example("list_releases", {"limit": "\u00b2"}, "")
def test_any_query_is_answered(view: str, query: dict[str, str], release_id: str) -> None:
    desk = waiting()
    for each in (release_id, desk.id):
        asked(view, desk, query=query, params={"id": each})


PRINCIPALS = HEADER | (st.binary() | ANY_JSON.map(lambda value: json.dumps(value).encode())).map(
    lambda data: base64.b64encode(data).decode()
)


@FUZZ
@given(PRINCIPALS, HEADER, HEADER)
@example(base64.b64encode(DEEP).decode(), "", "")
@example(
    base64.b64encode(b'{"auth_typ": "aad", "claims": [{"typ": "upn", "val": "\\ud800"}]}').decode(),
    "",
    "",
)
def test_any_sign_in_header_vouches_for_nobody(principal: str, name: str, agent: str) -> None:
    desk = waiting()
    desk.world.sign_in = True
    headers = {
        "x-ms-client-principal": principal,
        "x-ms-client-principal-name": name,
        "x-forwarded-for": name,
        "user-agent": agent,
    }
    assert addresses_of(headers) == frozenset()
    asked("show_approval", desk, params={"token": desk.token()}, headers=headers)


@FUZZ
@given(st.lists(st.fixed_dictionaries({"typ": ANY_JSON, "val": ANY_JSON}) | ANY_JSON))
def test_any_claims_vouch_for_whom_they_name(claims: list[Any]) -> None:
    value = {"auth_typ": "aad", "claims": [*claims, {"typ": "upn", "val": ADA}]}
    header = base64.b64encode(json.dumps(value).encode()).decode()
    found = addresses_of({"x-ms-client-principal": header})
    assert found <= {ADA} or not found


@FUZZ
@given(HEADER | st.ip_addresses().map(str) | st.from_regex(r"\[?[0-9a-f:.]{2,30}%[^,]*\]?(:\d+)?"))
@example("fe80::1%" + "a" * 1000)
@example("::ffff:192.0.2.1%" + "a" * 1000)
def test_any_origin_is_an_address_or_unknown(header: str) -> None:
    assert len(address_of({"x-forwarded-for": header})) <= 50
