"""The front of a managed online endpoint, before real inference servers."""

import asyncio
import io
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from dev.emulators.azureml.scoring import (
    EndpointRoute,
    Scorer,
    ScoringServer,
    add_scoring_routes,
    scorer_for,
)
from tests.emulators.azureml.scoring_data.support import ROWS, custom_spec, train

KEY = "primary-key"
TIMEOUT_SECONDS = 1.0

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Endpoint:
    """One endpoint whose route a test may change, and a client of it."""

    base: str
    session: aiohttp.ClientSession
    predictions: list[float]
    route: EndpointRoute
    initial: EndpointRoute = field(init=False)

    def __post_init__(self) -> None:
        self.initial = self.route

    def lookup(self, name: str) -> EndpointRoute | None:
        return self.route if name == self.route.name else None

    def score(
        self, body: object, *, key: str = KEY, **headers: str
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        sent = {"Authorization": f"Bearer {key}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.base}/api-diabetes-qa/score"
        return self.session.post(url, data=io.BytesIO(json.dumps(body).encode()), headers=sent)

    async def who(self, **headers: str) -> str:
        async with self.score({"do": "who"}, **headers) as response:
            assert response.status == 200
            name: str = await response.json()
            assert response.headers["azureml-model-deployment"] == name
        return name


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scorer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scorer]:
    scorer = scorer_for("inline", root=tmp_path_factory.mktemp("scoring"))
    yield scorer
    await scorer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    scorer: Scorer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Endpoint]:
    model = tmp_path_factory.mktemp("model")
    predictions = train(model)
    servers: dict[str, ScoringServer] = {
        name: await scorer.start(custom_spec(model, name=name, timeout_seconds=TIMEOUT_SECONDS))
        for name in ("blue", "green")
    }
    route = EndpointRoute(
        name="api-diabetes-qa",
        auth_keys=(KEY, "secondary-key"),
        traffic={"blue": 100},
        mirror_traffic={},
        servers=servers,
        request_timeouts=dict.fromkeys(servers, TIMEOUT_SECONDS),
        request_limits=dict.fromkeys(servers, 100),
    )
    app = web.Application()
    async with aiohttp.ClientSession() as session:
        endpoint = Endpoint("", session, predictions, route)
        add_scoring_routes(app, endpoint_lookup=endpoint.lookup, rng=random.Random(7))  # noqa: S311  # not for secrets
        async with TestServer(app, host="127.0.0.1") as server:
            endpoint.base = str(server.make_url("/endpoints/westeurope"))
            yield endpoint


@pytest.fixture
def endpoint(running: Endpoint) -> Endpoint:
    running.route = running.initial
    return running


async def test_answers_what_the_model_answers(endpoint: Endpoint) -> None:
    async with endpoint.score({"data": ROWS}) as response:
        assert response.status == 200
        assert await response.json() == pytest.approx(endpoint.predictions)
        assert response.headers["x-ms-server-version"].startswith("azmlinfsrv/")
        assert int(response.headers["ms-azureml-model-time"]) >= 0


@pytest.mark.parametrize(
    ("authorization", "word"),
    [
        (None, "key_auth_bad_header_forbidden"),
        (KEY, "key_auth_bad_header_forbidden"),
        ("Bearer ", "key_auth_bad_header_forbidden"),
        ("Basic " + KEY, "key_auth_bad_header_forbidden"),
        ("Bearer wrong", "key_auth_access_denied"),
    ],
)
async def test_no_score_without_a_key(
    endpoint: Endpoint, authorization: str | None, word: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (("POST", "score"), ("GET", "swagger.json")):
        url = f"{endpoint.base}/api-diabetes-qa/{path}"
        async with endpoint.session.request(method, url, headers=headers) as response:
            assert response.status == 401
            assert await response.text() == word


async def test_either_key_may_score_and_no_server_sees_it(endpoint: Endpoint) -> None:
    for key in endpoint.route.auth_keys:
        async with endpoint.score({"do": "headers"}, key=key, X_Mine="kept") as response:
            seen = {name.lower(): value for name, value in (await response.json()).items()}
        assert "authorization" not in seen
        assert seen["x-mine"] == "kept"


async def test_the_header_reaches_a_deployment_without_traffic(endpoint: Endpoint) -> None:
    assert await endpoint.who() == "blue"
    assert await endpoint.who(azureml_model_deployment="green") == "green"
    assert await endpoint.who() == "blue"


async def test_an_unknown_deployment_is_not_found(endpoint: Endpoint) -> None:
    async with endpoint.score({"do": "who"}, azureml_model_deployment="red") as response:
        assert response.status == 404
        assert await response.text() == "Specified deployment could not be found"


@pytest.mark.parametrize("traffic", [{}, {"blue": 0, "green": 0}, {"red": 100}])
async def test_without_traffic_nothing_is_found(
    endpoint: Endpoint, traffic: dict[str, int]
) -> None:
    endpoint.route = replace(endpoint.route, traffic=traffic)
    async with endpoint.score({"do": "who"}) as response:
        assert response.status == 404
        assert (await response.text()).startswith("No valid deployments to route to.")


async def test_traffic_goes_by_weight(endpoint: Endpoint) -> None:
    endpoint.route = replace(endpoint.route, traffic={"blue": 80, "green": 20})
    answers = Counter([await endpoint.who() for _ in range(100)])
    assert 70 <= answers["blue"] <= 90
    assert answers["blue"] + answers["green"] == 100


async def test_an_unknown_endpoint_is_not_found(endpoint: Endpoint) -> None:
    url = f"{endpoint.base}/another/score"
    async with endpoint.session.post(url, headers={"Authorization": KEY}) as response:
        assert response.status == 404


async def test_a_script_that_raises_is_a_model_error(endpoint: Endpoint) -> None:
    async with endpoint.score({"do": "raise"}) as response:
        assert (response.status, response.reason) == (424, "Failed Dependency")
        assert response.headers["ms-azureml-model-error-reason"] == "model_error"
        assert response.headers["ms-azureml-model-error-statuscode"] == "500"
        assert response.headers["x-ms-run-function-failed"] == "True"
        assert response.headers["azureml-model-deployment"] == "blue"
        assert "unexpected error occurred in scoring script" in await response.text()


@pytest.mark.parametrize("status", [201, 400, 404, 429, 503])
async def test_every_status_but_200_is_a_model_error(endpoint: Endpoint, status: int) -> None:
    async with endpoint.score({"do": "status", "status": status}) as response:
        assert response.status == 424
        assert response.headers["ms-azureml-model-error-statuscode"] == str(status)
        assert await response.json() == {"asked": status}


async def test_a_slow_script_times_out_and_its_worker_is_free_again(endpoint: Endpoint) -> None:
    async with endpoint.score({"do": "sleep", "seconds": 30}) as response:
        assert response.status == 408
        assert response.headers["azureml-model-deployment"] == "blue"
    await asyncio.sleep(0.6)
    assert await endpoint.who() == "blue"


async def test_an_answer_is_handed_on_while_it_comes_until_its_time_is_up(
    endpoint: Endpoint,
) -> None:
    began = time.monotonic()
    async with endpoint.score({"do": "drip"}) as response:
        assert (response.status, await response.content.read(1)) == (200, b" ")
        assert time.monotonic() - began < TIMEOUT_SECONDS
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert time.monotonic() - began < TIMEOUT_SECONDS + 2
    await asyncio.sleep(0.6)
    assert await endpoint.who() == "blue"


async def test_a_body_and_what_it_is_said_to_be_are_handed_on_untouched(
    endpoint: Endpoint,
) -> None:
    said = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=zlib"}
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        request = {"do": "bytes", "hex": "00ff1f8b", "headers": said}
        url = f"{endpoint.base}/api-diabetes-qa/score"
        key = {"Authorization": f"Bearer {KEY}"}
        async with session.post(url, json=request, headers=key) as response:
            assert await response.read() == bytes.fromhex("00ff1f8b")
            assert response.headers["Content-Length"] == "4"
            assert {name: response.headers[name] for name in said} == said


async def test_too_many_requests_at_once_are_refused(endpoint: Endpoint) -> None:
    endpoint.route = replace(endpoint.route, request_limits={})

    async def one() -> tuple[int, str | None]:
        async with endpoint.score({"do": "sleep", "seconds": 0.3}) as response:
            return response.status, response.headers.get("ms-azureml-model-error-reason")

    answers = Counter(await asyncio.gather(*(one() for _ in range(5))))
    assert answers == {(200, None): 2, (429, "too_many_pending_request"): 3}
    assert await endpoint.who() == "blue", "refused requests do not stay counted"


async def test_a_megabyte_passes_and_more_than_azure_takes_does_not(endpoint: Endpoint) -> None:
    async with endpoint.score({"do": "size", "payload": "x" * 1_400_000}) as response:
        assert (response.status, await response.json()) == (200, 1_400_000)
    async with endpoint.score({"do": "size", "payload": "x" * 1_600_000}) as response:
        assert response.status == 413


async def test_mirrored_requests_are_answered_by_the_live_deployment_alone(
    endpoint: Endpoint,
) -> None:
    green = endpoint.route.servers["green"]
    endpoint.route = replace(endpoint.route, mirror_traffic={"green": 50})
    before = green.logs(10_000).count("POST /score 200")
    assert {await endpoint.who() for _ in range(60)} == {"blue"}
    await asyncio.sleep(0.5)
    assert 15 <= green.logs(10_000).count("POST /score 200") - before <= 45


async def test_a_mirror_that_fails_changes_nothing(endpoint: Endpoint) -> None:
    endpoint.route = replace(
        endpoint.route, mirror_traffic={"green": 100}, request_limits={"blue": 9, "green": 0}
    )
    assert await endpoint.who() == "blue"


async def test_a_server_that_is_gone_is_not_ready(
    endpoint: Endpoint, scorer: Scorer, tmp_path: Path
) -> None:
    train(tmp_path)
    gone = await scorer.start(custom_spec(tmp_path))
    await gone.stop()
    endpoint.route = replace(endpoint.route, servers={"blue": gone})
    async with endpoint.score({"do": "who"}) as response:
        assert response.status == 424
        assert response.headers["ms-azureml-model-error-reason"] == "model_not_ready"


async def test_request_ids_are_guids_and_client_request_ids_are_cut(endpoint: Endpoint) -> None:
    mine = str(uuid.uuid4())
    async with endpoint.score({"do": "who"}, x_request_id=mine) as response:
        assert response.headers["x-request-id"] == mine
        assert response.headers["x-ms-request-id"] == mine
    client_id = "release-7_" + "x" * 50
    async with endpoint.score(
        {"do": "who"}, x_request_id="7", x_ms_client_request_id=client_id
    ) as response:
        assert uuid.UUID(response.headers["x-request-id"])
        assert response.headers["x-ms-client-request-id"] == client_id[:40]
    async with endpoint.score({"do": "who"}, x_ms_client_request_id="a b") as response:
        assert "x-ms-client-request-id" not in response.headers
    async with endpoint.score({"do": "who"}, key="wrong") as response:
        assert uuid.UUID(response.headers["x-request-id"])


async def test_swagger_is_the_servers(endpoint: Endpoint) -> None:
    url = f"{endpoint.base}/api-diabetes-qa/swagger.json?version=3"
    headers = {"Authorization": f"Bearer {KEY}"}
    async with endpoint.session.get(url, headers=headers) as response:
        assert response.status == 200
        assert (await response.json())["openapi"].startswith("3.")
