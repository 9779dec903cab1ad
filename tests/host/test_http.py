import http.client

from tests.host.hosting import RunningHost


def test_a_request_reaches_the_function_whole(basic: RunningHost) -> None:
    headers = {"X-One": "1", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
    answer = basic.call("POST", "/api/echo/7/x%20y", b"caf\xc3\xa9", headers, q="a b")
    assert answer.status == 200
    seen = answer.json()
    assert (seen["method"], seen["body"]) == ("POST", "café")
    assert seen["route"] == {"id": "7", "rest": "x y"}
    assert seen["query"] == {"q": "a b"}
    assert seen["headers"]["x-one"] == "1"
    assert (seen["trace"], seen["function"]) == (headers["traceparent"], "echo")
    assert seen["cwd"] == "basic"


def test_repeated_query_values_are_joined_and_empty_ones_dropped(basic: RunningHost) -> None:
    seen = basic.call("GET", "/api/echo/1?a=1&a=2&b=&c=3").json()
    assert seen["query"] == {"a": "1,2", "c": "3"}


def test_nobody_can_pose_as_app_service_authentication(basic: RunningHost) -> None:
    headers = {"X-MS-CLIENT-PRINCIPAL": "e30=", "x-ms-client-principal-name": "eve", "x-ms-x": "1"}
    seen = basic.call("GET", "/api/echo/1", headers=headers).json()["headers"]
    assert [name for name in seen if name.startswith("x-ms")] == ["x-ms-x"]


def test_a_route_parameter_may_be_absent_only_if_optional(basic: RunningHost) -> None:
    assert basic.call("GET", "/api/echo/1").json()["route"] == {"id": "1"}
    assert basic.call("GET", "/api/echo").status == 404


def test_a_route_parameter_may_hold_line_ends(basic: RunningHost) -> None:
    assert basic.call("GET", "/api/echo/1/a%0Ab").json()["route"] == {"id": "1", "rest": "a\nb"}


def test_constraints_decide_and_static_text_goes_first(basic: RunningHost) -> None:
    assert basic.call("GET", "/api/echo/one").status == 404
    assert basic.call("GET", "/api/echo/99999999999").status == 404
    assert basic.call("GET", "/API/Echo/Latest").text == "the static route"


def test_an_unlisted_method_is_not_found(basic: RunningHost) -> None:
    assert basic.call("DELETE", "/api/echo/1").status == 404


def test_a_chunked_body_does_not_reach_the_function(basic: RunningHost) -> None:
    connection = http.client.HTTPConnection(basic.url.removeprefix("http://"))
    connection.request("POST", "/api/echo/1", iter([b"lost"]), encode_chunked=True)
    assert b'"body": ""' in connection.getresponse().read()
    connection.close()


def test_cookies_and_status_come_back(basic: RunningHost) -> None:
    answer = basic.call("GET", "/api/cookies")
    assert answer.status == 201
    first, second = answer.headers.get_all("Set-Cookie") or []
    assert first.startswith("a=1;")
    assert {"HttpOnly", "Max-Age=60", "Path=/", "SameSite=Lax"} <= set(first.split("; "))
    assert second == "b=2; Secure"


def test_the_worker_refuses_to_return_none(basic: RunningHost) -> None:
    assert basic.call("GET", "/api/nothing").status == 500


def test_an_output_binding_answers_and_if_unset_there_is_no_content(basic: RunningHost) -> None:
    answer = basic.call("GET", "/api/out/418")
    assert (answer.status, answer.text) == (418, "by output")
    assert basic.call("GET", "/api/out").status == 204


def test_an_exception_is_500_without_words_but_in_log_and_counts(basic: RunningHost) -> None:
    answer = basic.call("GET", "/api/broken")
    assert (answer.status, answer.text) == (500, "")
    counts = basic.invocations("broken")
    assert counts["failed"] == counts["started"] == 1
    assert counts["last_error"] == "ValueError: broken on purpose"
    assert "raise ValueError" in basic.log.read_text()


def test_log_lines_carry_function_and_invocation(basic: RunningHost) -> None:
    basic.call("GET", "/api/echo/1")
    lines = [line for line in basic.log.read_text().splitlines() if "echo was called" in line]
    assert " INFO echo " in lines[-1]
    assert "this is printed" in basic.log.read_text()


def test_an_empty_route_prefix_puts_functions_at_the_root(durable: RunningHost) -> None:
    assert durable.call("GET", "/runs").status == 200
    assert durable.call("GET", "/api/runs").status == 404


def test_admin_and_runtime_are_not_for_functions(basic: RunningHost) -> None:
    assert basic.call("GET", "/admin/host/status").status == 404
    assert basic.call("GET", "/runtime/webhooks/blobs").status == 404
