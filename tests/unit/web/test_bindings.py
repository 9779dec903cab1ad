import azure.functions as func

from shared.bindings import to_http, to_request
from shared.domain.limits import REQUEST_BYTES
from shared.web.http import FORM, Response


def coming(body: bytes, content_type: str = FORM) -> func.HttpRequest:
    return func.HttpRequest(
        method="post",
        url="https://modelgate.example/api/approvals/t",
        headers={
            "Content-Type": f"{content_type}; charset=UTF-8",
            "X-Forwarded-For": "203.0.113.7",
        },
        params={"a": "1"},
        route_params={"token": "t"},
        body=body,
    )


def test_a_form_is_taken_apart() -> None:
    request = to_request(coming(b"choice=approve&comment=Gr%C3%BC%C3%9Fe+%26+Dank&code="))
    assert (request.method, request.params, request.query) == ("POST", {"token": "t"}, {"a": "1"})
    assert request.form == {"choice": "approve", "comment": "Grüße & Dank", "code": ""}
    assert request.content_type == FORM
    assert request.headers["x-forwarded-for"] == "203.0.113.7"


def test_what_is_no_form_or_too_long_is_not_taken_apart() -> None:
    assert to_request(coming(b"a=b", "text/plain")).form == {}
    assert to_request(coming(b"a=" + b"b" * REQUEST_BYTES)).form == {}
    assert len(to_request(coming(b"a=" + b"b" * REQUEST_BYTES)).body) > REQUEST_BYTES


def test_bytes_that_are_no_text_are_no_trouble() -> None:
    assert to_request(coming(b"comment=\xff%ff")).form == {"comment": "\ufffd\ufffd"}


def test_a_response_keeps_its_status_headers_and_body() -> None:
    answer = to_http(Response(204, "", "text/plain; charset=utf-8", {"Allow": "GET"}))
    assert (answer.status_code, answer.get_body(), answer.headers["Allow"]) == (204, b"", "GET")
    assert answer.mimetype == "text/plain"
