"""A second version on a live endpoint: nobody who asks it notices anything but other answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
import requests

from tests.e2e.stacks import Stack

type Asked = list[tuple[int, Any]]


@contextmanager
def asked_all_the_time(ask: Callable[[], requests.Response]) -> Iterator[Asked]:
    """Ask an endpoint without a pause; status and answer of every request."""
    answers: Asked = []
    stop = Event()

    def run() -> None:
        while not stop.wait(0.02):
            answer = ask()
            answers.append((answer.status_code, answer.json().get("result")))

    thread = Thread(target=run)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join(30)


@pytest.fixture(scope="module")
def first(stack: Stack) -> dict[str, str]:
    """The first versions' deployments by scenario, serving."""
    scenarios = ("swap", "keep", "queue")
    for scenario in scenarios:
        stack.register(scenario)
    ended = {scenario: stack.succeeded(stack.started(scenario)) for scenario in scenarios}
    return {scenario: each["stages"][-1]["deployment"] for scenario, each in ended.items()}


@pytest.fixture(scope="module")
def second(stack: Stack, first: dict[str, str]) -> tuple[dict[str, str], Asked]:
    """The second versions' deployments, and what users of one endpoint were answered meanwhile."""
    assert stack.traffic("prod", "swap-prod") == {first["swap"]: 100}
    with asked_all_the_time(stack.asking("prod", "swap-prod")) as answers:
        for scenario in ("swap", "keep"):
            stack.register(scenario, "2", factor=5.0)
        ended = {each: stack.succeeded(stack.started(each, "2")) for each in ("swap", "keep")}
        stack.gone("prod", "swap-prod", first["swap"])
    return {name: each["stages"][-1]["deployment"] for name, each in ended.items()}, answers


def test_no_request_fails_and_answers_change_once(second: tuple[dict[str, str], Asked]) -> None:
    answers = second[1]
    assert {status for status, _ in answers} == {200}
    changes = [answers[0][1]]
    for _, result in answers:
        if result != changes[-1]:
            changes.append(result)
    assert changes == [[2.0, 4.0], [5.0, 10.0]]


def test_the_replaced_deployment_goes(
    stack: Stack, second: tuple[dict[str, str], Asked], first: dict[str, str]
) -> None:
    deployment = second[0]["swap"]
    assert deployment != first["swap"]
    assert stack.traffic("prod", "swap-prod") == {deployment: 100}
    assert stack.deployments("prod", "swap-prod") == {deployment}


def test_the_replaced_deployment_stays_where_the_pipeline_keeps_it(
    stack: Stack, second: tuple[dict[str, str], Asked], first: dict[str, str]
) -> None:
    deployment = second[0]["keep"]
    assert stack.traffic("prod", "keep-prod") == {deployment: 100}
    assert stack.deployments("prod", "keep-prod") == {deployment, first["keep"]}
    stack.register("keep", "3", factor=7.0)
    third = stack.succeeded(stack.started("keep", "3"))["stages"][-1]
    assert third["traffic_before"] == {deployment: 100}
    stack.gone("prod", "keep-prod", first["keep"])
    assert stack.deployments("prod", "keep-prod") == {deployment, third["deployment"]}
    assert stack.answer("prod", "keep-prod") == [7.0, 14.0]


def test_two_releases_to_one_endpoint_go_one_after_the_other(
    stack: Stack, first: dict[str, str]
) -> None:
    assert first["queue"]
    stack.provisioning(4, "queue-qa")
    for version in ("2", "3"):
        stack.register("queue", version, factor=float(version))
    ids = [stack.started("queue", version) for version in ("2", "3")]
    stack.waiting_for("release queue-", *ids)
    ended = sorted((stack.succeeded(each) for each in ids), key=lambda each: each["ended_at"])
    earlier, later = (each["stages"][0] for each in ended)
    assert later["traffic_before"][earlier["deployment"]] == 100
    assert stack.traffic("qa", "queue-qa") == {later["deployment"]: 100}
    factor = float(ended[1]["model"]["version"])
    assert stack.answer("qa", "queue-qa") == [factor, 2 * factor]
