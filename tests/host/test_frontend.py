import http.client
import re

from tests.host.hosting import RunningHost

PEER = re.compile(r"127\.0\.0\.1:\d+")


def seen(host: RunningHost, **headers: str) -> dict[str, str]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    received: dict[str, str] = host.call("GET", "/api/echo/1", headers=sent).json()["headers"]
    return received


def test_the_peer_comes_last_after_what_the_client_says(basic: RunningHost) -> None:
    forwarded = seen(basic, X_Forwarded_For="10.0.0.5, 10.0.0.6")["x-forwarded-for"]
    said, last = forwarded.rsplit(", ", 1)
    assert said == "10.0.0.5, 10.0.0.6"
    assert PEER.fullmatch(last)
    assert PEER.fullmatch(seen(basic)["x-forwarded-for"])


def test_the_peer_is_the_one_who_is_connected(basic: RunningHost) -> None:
    connection = http.client.HTTPConnection(basic.url.removeprefix("http://"))
    connection.connect()
    port = connection.sock.getsockname()[1]
    connection.request("GET", "/api/echo/1")
    answer = connection.getresponse().read().decode()
    connection.close()
    assert f'"x-forwarded-for": "127.0.0.1:{port}"' in answer


def test_what_the_platform_alone_says_is_overwritten(basic: RunningHost) -> None:
    headers = seen(basic, Client_IP="10.0.0.5", X_Forwarded_Proto="https")
    assert PEER.fullmatch(headers["client-ip"])
    assert headers["x-forwarded-proto"] == "http"


def test_the_host_stays_as_the_client_named_it(basic: RunningHost) -> None:
    assert seen(basic, Host="modelgate.example")["host"] == "modelgate.example"
