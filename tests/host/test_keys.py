import json
from pathlib import Path

import pytest

from dev.host.keys import Keys
from tests.host.hosting import RunningHost

WEBHOOKS = {
    "eventgrid": "/runtime/webhooks/eventgrid?functionName=on_event",
    "durabletask": "/runtime/webhooks/durabletask/instances",
}


def key(host: RunningHost, name: str) -> str:
    named = {"function": host.function_key, "master": host.master_key, "wrong": "wrong", "none": ""}
    return named.get(name) or host.system_keys.get(f"{name}_extension", "")


@pytest.mark.parametrize("name", ["function", "master"])
@pytest.mark.parametrize("place", ["header", "query"])
def test_a_function_opens_to_its_key_and_the_master_key(
    basic: RunningHost, name: str, place: str
) -> None:
    given = key(basic, name)
    if place == "header":
        answer = basic.call("GET", "/api/locked", headers={"x-functions-key": given})
    else:
        answer = basic.call("GET", "/api/locked", code=given)
    assert answer.status == 200


@pytest.mark.parametrize("name", ["none", "wrong", "durabletask", "eventgrid"])
def test_a_function_stays_closed_to_other_keys(basic: RunningHost, name: str) -> None:
    answer = basic.call("GET", "/api/locked", code=key(basic, name))
    assert (answer.status, answer.text) == (401, "")


def test_a_key_may_hold_any_character(basic: RunningHost) -> None:
    assert basic.call("GET", "/api/locked", code="schlüssel").status == 401


def test_the_header_wins_over_the_query(basic: RunningHost) -> None:
    headers = {"x-functions-key": "wrong"}
    assert basic.call("GET", "/api/locked", None, headers, code=basic.function_key).status == 401


@pytest.mark.parametrize(("name", "status"), [("function", 401), ("none", 401), ("master", 200)])
def test_level_admin_takes_the_master_key_alone(basic: RunningHost, name: str, status: int) -> None:
    assert basic.call("GET", "/api/admin-only", code=key(basic, name)).status == status


@pytest.mark.parametrize("webhook", WEBHOOKS)
def test_a_webhook_takes_its_system_key_and_the_master_key(
    basic: RunningHost, webhook: str
) -> None:
    opened = {
        name: basic.call(
            "GET", WEBHOOKS[webhook], headers={"x-functions-key": key(basic, name)}
        ).status
        != 401
        for name in ("none", "wrong", "function", "master", "eventgrid", "durabletask")
    }
    assert [name for name, is_open in opened.items() if is_open] == ["master", webhook]


def test_an_unknown_level_is_closed() -> None:
    keys = Keys.generate()
    assert not keys.opens_function("user", keys.function_key)
    assert keys.opens_function("user", keys.master_key)


def test_keys_are_generated_once_for_a_state_dir(tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    keys = Keys.load(state_dir)
    assert Keys.load(state_dir) == keys
    assert Keys.load(None) != keys
    assert len(set(json.loads((state_dir / "keys.json").read_text()).values())) == 4
    assert (state_dir / "keys.json").stat().st_mode & 0o077 == 0
