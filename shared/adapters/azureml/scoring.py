"""Asking an online endpoint. Not by the SDK's `invoke`, which mixes up its callers' headers."""

import json
import time
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared.adapters.azureml import internals
from shared.adapters.azureml.troubles import azure_ml_stops_here
from shared.adapters.azureml.workspaces import Workspaces
from shared.domain.addresses import is_safe
from shared.domain.errors import Blame, StepError, Trouble, technical
from shared.domain.pipeline import Json, Stage
from shared.ports import ScoringAnswer

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core import PipelineClient
    from azure.core.rest import HttpRequest, HttpResponse

DEPLOYMENT_HEADER = "azureml-model-deployment"
CONNECT_SECONDS = 10.0
LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class _Door:
    """Where an endpoint is asked, and what opens it."""

    uri: str
    key: str


class Scorer:
    """Asks endpoints; keeps the address and key of each. Thread-safe."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces
        self._doors: dict[tuple[str, str], _Door] = {}
        self._lock = Lock()
        self._pipeline: PipelineClient[HttpRequest, HttpResponse] | None = None

    def score(
        self, *, stage: Stage, deployment: str | None, body: Json, timeout_seconds: float
    ) -> ScoringAnswer:
        """POST to the endpoint; once more where its address or key may have changed.

        An endpoint that was deleted and made again has another key, and maybe another address.

        Raises:
            StepError: No answer came, or the endpoint takes neither key.
        """
        from azure.core.exceptions import ServiceRequestError, ServiceResponseError

        known = self._key(stage) in self._doors
        ask = partial(self._ask, stage, deployment, body, timeout_seconds)
        asked = f"Scoring {stage.endpoint} ({deployment or 'its traffic'})"
        with azure_ml_stops_here(asked, stage.workspace):
            try:
                answer = ask(self._door(stage))
            except (ServiceRequestError, ServiceResponseError):
                if not known:
                    raise
                answer = ask(self._door(stage, fresh=True))
            else:
                if answer.status == 401 or (answer.status == 404 and known):
                    answer = ask(self._door(stage, fresh=True))
        if answer.status == 401:
            raise technical(
                "ScoringKeyRefused",
                f"Endpoint {stage.endpoint} refuses the key that workspace "
                f"{stage.workspace.name} gives for it. Look at the endpoint's authentication.",
            )
        return answer

    def _door(self, stage: Stage, *, fresh: bool = False) -> _Door:
        key = self._key(stage)
        if fresh or key not in self._doors:
            self._doors[key] = self._read_door(stage)
        return self._doors[key]

    @staticmethod
    def _key(stage: Stage) -> tuple[str, str]:
        return (stage.workspace.arm_id.casefold(), stage.endpoint.lower())

    def _read_door(self, stage: Stage) -> _Door:
        name = stage.endpoint.lower()
        with azure_ml_stops_here(f"Keys of endpoint {name}", stage.workspace):
            client = self._workspaces.client(stage.workspace)
            properties = internals.get_endpoint(client, name).properties
            uri = str(properties.scoring_uri or "")
            mode = str(getattr(properties.auth_mode, "value", properties.auth_mode)).lower()
            by_entra = mode == "aadtoken"
            key = self._workspaces.endpoint_token() if by_entra else _key_of(client, name)
        if not is_safe(uri):
            raise technical(
                "InsecureScoringAddress",
                f"Endpoint {name} is asked by plain HTTP, so its key is not sent. Set up TLS for "
                "the Kubernetes cluster's inference router.",
            )
        return _Door(uri, key)

    def _ask(
        self,
        stage: Stage,
        deployment: str | None,
        body: Json,
        timeout_seconds: float,
        door: _Door,
    ) -> ScoringAnswer:
        from azure.core.exceptions import ServiceResponseTimeoutError
        from azure.core.rest import HttpRequest

        headers = {"Authorization": f"Bearer {door.key}"}
        if deployment is not None:
            headers[DEPLOYMENT_HEADER] = deployment
        request = HttpRequest("POST", door.uri, headers=headers, json=body)
        started = time.perf_counter()
        try:
            response = self._client().send_request(
                request, connection_timeout=CONNECT_SECONDS, read_timeout=timeout_seconds
            )
        except ServiceResponseTimeoutError as error:
            trouble = _too_slow(stage, deployment or "its traffic", timeout_seconds)
            raise StepError(trouble) from error
        latency = time.perf_counter() - started
        return ScoringAnswer(response.status_code, latency, _body(response.text()))

    def _client(self) -> "PipelineClient[HttpRequest, HttpResponse]":
        from shared.adapters.azureml import pipelines

        with self._lock:
            if self._pipeline is None:
                self._pipeline = pipelines.scoring_pipeline()
            return self._pipeline


def _key_of(client: "MLClient", endpoint: str) -> str:
    """The endpoint's key; one that was there before may have Azure ML's tokens instead."""
    keys: Any = client.online_endpoints.get_keys(endpoint)
    return str(getattr(keys, "primary_key", None) or keys.access_token)


def _too_slow(stage: Stage, asked: str, timeout_seconds: float) -> Trouble:
    return Trouble(
        Blame.MODEL,
        "ScoringTimeout",
        f"{stage.endpoint} ({asked}) gave no answer within {timeout_seconds:g} s.",
        retryable=True,
    )


def _body(text: str) -> Json:
    try:
        body: Json = json.loads(text)
    except ValueError:
        return text[:LONGEST_TEXT]
    return body
