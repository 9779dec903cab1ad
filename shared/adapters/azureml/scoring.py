"""Asking an online endpoint. Not by the SDK's `invoke`, which mixes up its callers' headers."""

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from shared.adapters.azureml import internals
from shared.adapters.azureml.failures import azure_ml_stops_here
from shared.adapters.azureml.workspaces import Workspaces
from shared.adapters.egress.scoring import ScoringAddresses
from shared.domain.errors import Failure, FailureKind, StepError, not_good_enough, technical
from shared.domain.pipeline import Json, Stage
from shared.domain.untrusted import TOO_DEEP, UnreadableError, parse_json
from shared.ports import ScoringAnswer

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

DEPLOYMENT_HEADER = "azureml-model-deployment"
LONGEST_TEXT = 2000

MODEL_ERROR = "ms-azureml-model-error-"
"""Begins the headers that tell what the model's own server answered (learn.microsoft.com/azure/
machine-learning/how-to-troubleshoot-online-endpoints: `…-statuscode`, `…-reason`)."""


@dataclass(frozen=True, slots=True)
class _Door:
    """Where an endpoint is asked, and what opens it."""

    uri: str
    key: str


class Scorer:
    """Asks endpoints; keeps the address and key of each. Thread-safe."""

    def __init__(self, workspaces: Workspaces, addresses: ScoringAddresses) -> None:
        self._workspaces = workspaces
        self._addresses = addresses
        self._doors: dict[tuple[str, str], _Door] = {}

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
            self._addresses.check(
                uri,
                stage=stage,
                location=lambda: self._workspaces.facts(stage.workspace).location,
            )
            if by_entra and not stage.allow_entra_token:
                raise technical(
                    "EntraTokenNotAllowed",
                    f"Endpoint {name} takes Microsoft Entra tokens instead of keys, and its "
                    "container may get to see them. Make it with keys, or set allow_entra_token in "
                    "the pipeline.",
                )
            key = self._workspaces.endpoint_token() if by_entra else _key_of(client, name)
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

        from shared.adapters.egress.http import (
            TooLargeAnswerError,
            UnreadableAnswerError,
            exchange,
        )

        headers = {"Authorization": f"Bearer {door.key}", "Content-Type": "application/json"}
        if deployment is not None:
            headers[DEPLOYMENT_HEADER] = deployment
        asked = f"{stage.endpoint} ({deployment or 'its traffic'})"
        started = time.perf_counter()
        try:
            answer = exchange(
                "POST",
                door.uri,
                headers=headers,
                body=json.dumps(body).encode(),
                seconds=timeout_seconds,
                limit=stage.health.max_answer_bytes,
            )
        except ServiceResponseTimeoutError as error:
            raise StepError(_too_slow(asked, timeout_seconds)) from error
        except TooLargeAnswerError as error:
            raise _too_large(asked, stage) from error
        except UnreadableAnswerError as error:
            raise _unreadable(asked, "is no HTTP that can be read") from error
        latency = time.perf_counter() - started
        told = {
            name: value for name, value in answer.headers.items() if name.startswith(MODEL_ERROR)
        }
        return ScoringAnswer(answer.status, latency, _body(asked, answer.body), told)


def _key_of(client: "MLClient", endpoint: str) -> str:
    """The endpoint's key; one that was there before may have Azure ML's tokens instead."""
    keys: Any = client.online_endpoints.get_keys(endpoint)
    return str(getattr(keys, "primary_key", None) or keys.access_token)


def _too_slow(asked: str, timeout_seconds: float) -> Failure:
    return Failure(
        FailureKind.MODEL, "ScoringTimeout", f"{asked} gave no answer within {timeout_seconds:g} s."
    )


def _too_large(asked: str, stage: Stage) -> StepError:
    return not_good_enough(
        "AnswerTooLarge",
        f"{asked} answers the sample request with more than "
        f"{stage.health.max_answer_bytes:,} bytes. Correct the scoring script, or raise "
        "health.max_answer in the pipeline.",
    )


def _unreadable(asked: str, how: str) -> StepError:
    return not_good_enough(
        "AnswerUnreadable",
        f"What {asked} answers to the sample request {how}. Correct the scoring script.",
    )


def _body(asked: str, content: bytes) -> Json:
    """What an answer says; as text where it is no JSON at all.

    Raises:
        StepError: It is JSON that nothing could be done with.
    """
    try:
        return parse_json(content)
    except UnreadableError as error:
        if str(error) == TOO_DEEP:
            raise _unreadable(asked, TOO_DEEP) from error
        if content.lstrip()[:1] in (b"{", b"[") and not _is_text(content):
            raise _unreadable(asked, "is no UTF-8") from error
    return content[: 4 * LONGEST_TEXT].decode(errors="replace")[:LONGEST_TEXT]


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
