"""Asking an online endpoint, and what comes of it when it answers badly or not at all."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from aiohttp import web

from shared.adapters.azureml import AzureMlEndpoints, Workspaces
from shared.adapters.azureml.scoring import Scorer, _Door
from shared.adapters.egress.credentials import azure_credential
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Stage
from shared.ports import ScoringAnswer
from tests.contract.azureml.stand_in import (
    SCORED,
    STAGE,
    anywhere_at,
    arm_with_endpoint,
    endpoints_at,
)
from tests.contract.azureml.world import Emulated, failure_of
from tests.contract.serving import serving


@contextmanager
def answering(stage: Stage, status: int, text: str, seconds: float = 0) -> Iterator[Scorer]:
    """A scorer that knows the endpoint already: everything is answered alike."""

    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(seconds)
        return web.Response(status=status, text=text)

    app = web.Application()
    app.router.add_post("/score", answer)
    with serving(app) as address:
        credential = azure_credential(static_token="secret-token")
        scorer = Scorer(Workspaces(arm_url=address, credential=credential), anywhere_at(address))
        key = (stage.workspace.arm_id.casefold(), stage.endpoint)
        scorer._doors[key] = _Door(f"{address}/score", "secret-token")
        yield scorer


def ask(scorer: Scorer, stage: Stage, timeout_seconds: float = 5) -> ScoringAnswer:
    return scorer.score(
        stage=stage, deployment="blue", body={"data": []}, timeout_seconds=timeout_seconds
    )


@pytest.mark.parametrize(
    ("status", "text", "body"),
    [
        (200, "[1.5]", [1.5]),
        (200, "null", None),
        (200, "x" * 5000, "x" * 2000),
        (424, "the model raised", "the model raised"),
        (503, "", ""),
        (302, "", ""),
    ],
)
def test_every_answer_is_one(emulated: Emulated, status: int, text: str, body: object) -> None:
    """Whether it is good is the domain's to say; nothing is asked twice."""
    stage = emulated.world.stage()
    with answering(stage, status, text, seconds=0.05) as scorer:
        answer = ask(scorer, stage)
    assert (answer.status, answer.body) == (status, body)
    assert 0.05 <= answer.latency_seconds < 1


def test_no_answer_in_time(emulated: Emulated) -> None:
    stage = emulated.world.stage()
    with answering(stage, 200, "[]", seconds=1) as scorer, pytest.raises(StepError) as caught:
        ask(scorer, stage, timeout_seconds=0.2)
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("ScoringTimeout", FailureKind.MODEL)


def test_nobody_there(emulated: Emulated) -> None:
    stage = emulated.world.stage()
    with answering(stage, 200, "[]") as scorer:
        pass
    with pytest.raises(StepError) as caught:
        ask(scorer, stage)
    failure = failure_of(caught.value)
    assert failure.kind is FailureKind.TRANSIENT


def test_key_that_is_refused_for_good() -> None:
    app = arm_with_endpoint(scoring_uri="http://{host}/score")
    with serving(app) as address, pytest.raises(StepError) as caught:
        endpoints_at(address).score(stage=STAGE, deployment=None, body=1, timeout_seconds=5)
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("ScoringKeyRefused", FailureKind.FINAL)
    assert app[SCORED] == ["Bearer refused"] * 2


@contextmanager
def made_again(old_address: str, status: int = 200) -> Iterator[tuple[Scorer, list[str]]]:
    """A scorer that knows where the endpoint was before; and what it asks from now on."""
    asked: list[str] = []

    async def endpoint(request: web.Request) -> web.Response:
        uri = f"http://{request.host}/new"
        properties = {"provisioningState": "Succeeded", "authMode": "Key", "scoringUri": uri}
        return web.json_response({"name": "ep", "location": "x", "properties": properties})

    async def keys(_: web.Request) -> web.Response:
        asked.append("keys")
        return web.json_response({"primaryKey": "new key", "secondaryKey": "x"})

    async def score(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        return web.json_response([1], status=status)

    app = web.Application()
    app.router.add_get("/{rest:.*}/onlineEndpoints/ep", endpoint)
    app.router.add_post("/{rest:.*}/onlineEndpoints/ep/listKeys", keys)
    app.router.add_post("/new", score)
    with serving(app) as address:
        credential = azure_credential(static_token="secret-token")
        scorer = Scorer(Workspaces(arm_url=address, credential=credential), anywhere_at(address))
        uri = old_address.format(address=address)
        scorer._doors[scorer._key(STAGE)] = _Door(uri, "old key")
        yield scorer, asked


@pytest.mark.parametrize("old_address", ["http://127.0.0.1:1/score", "{address}/old"])
def test_endpoint_that_was_made_again(old_address: str) -> None:
    """It has another address: nobody answers at the old one, or knows nothing of it."""
    with made_again(old_address) as (scorer, asked):
        for _ in range(2):
            assert ask(scorer, STAGE).status == 200
    assert asked == ["keys", "Bearer new key", "Bearer new key"]


def test_an_address_that_was_just_read_is_not_read_again() -> None:
    with made_again("", status=404) as (scorer, asked):
        scorer._doors.clear()
        assert ask(scorer, STAGE).status == 404
    assert asked == ["keys", "Bearer new key"]


def test_scoring_address_in_plain_text() -> None:
    """A Kubernetes cluster without TLS: its key is not sent."""
    app = arm_with_endpoint(scoring_uri="http://10.0.0.4/api/v1/endpoint/x/score")
    with serving(app) as address, pytest.raises(StepError, match="InsecureScoringAddress"):
        endpoints_at(address).score(stage=STAGE, deployment=None, body=1, timeout_seconds=5)


def test_many_threads_at_once(emulated: Emulated) -> None:
    """The first calls come together; the SDK's clients are made once."""
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    credential = azure_credential(static_token="secret-token")
    workspaces = Workspaces(arm_url=emulated.running.url, credential=credential)
    endpoints, together = AzureMlEndpoints(workspaces=workspaces), Barrier(8)

    def look(_: int) -> bool:
        together.wait(10)
        return endpoints.get(stage=stage) is not None

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(look, range(8)))
    assert len(workspaces._clients) == 1


def test_candidate_beside_current(emulated: Emulated) -> None:
    """Two endpoints at once: one by its deployment's header, the other as its users ask it."""
    world = emulated.world
    candidate, current = world.stage(), world.stage(world.prod, endpoint=f"live-{world.unique}")
    for stage, deployments in ((candidate, ("old", "new")), (current, ("blue", "green"))):
        world.created(stage)
        model = world.registered(stage.workspace)
        for deployment in deployments:
            world.deployed(stage, deployment, model)
        world.trafficked(stage, {deployments[0]: 100})

    def ask_one(place: tuple[Stage, str | None]) -> ScoringAnswer:
        stage, deployment = place
        return world.endpoints.score(
            stage=stage, deployment=deployment, body={"rows": [1]}, timeout_seconds=10
        )

    places: list[tuple[Stage, str | None]] = [(candidate, "new"), (current, None)]
    with ThreadPoolExecutor(2) as threads:
        for _ in range(5):
            answers = list(threads.map(ask_one, places))
            assert [answer.status for answer in answers] == [200, 200]
            keys = [str(answer.body["key"]) for answer in answers if isinstance(answer.body, dict)]
            assert f"{candidate.endpoint}-new-" in keys[0]
            assert f"{current.endpoint}-blue-" in keys[1]
    by_header = ask_one((current, "green"))
    assert isinstance(by_header.body, dict)
    assert f"{current.endpoint}-green-" in str(by_header.body["key"])
