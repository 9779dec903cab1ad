"""HTTP to Azure Resource Manager, by azure-ai-ml. Imported where it is needed: it is dear."""

import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from azure.ai.ml import MLClient
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import RetryPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter

from shared.adapters.answers import require_readable
from shared.adapters.egress.credentials import FixedScope
from shared.domain.errors import not_good_enough, technical
from shared.domain.limits import ARM_ANSWER_BYTES
from shared.domain.pipeline import Workspace

RETRIES = 2
LONGEST_PAUSE_SECONDS = 3.0

CONNECT_SECONDS = 10
READ_SECONDS = 60
"""Azure's own gateway gives up after a minute; azure-core would wait five."""


def workspace_client(
    workspace: Workspace,
    *,
    credential: FixedScope,
    is_own: Callable[[str], bool],
    is_upload_safe: Callable[[str], bool],
    **options: Any,  # noqa: ANN401 (azure-ai-ml's)
) -> MLClient:
    """The client of a workspace, which sends to its ARM alone.

    Args:
        workspace: Which.
        credential: Gives tokens for ARM.
        is_own: Whether an address is ARM's.
        is_upload_safe: Whether scoring code may be uploaded to a signed address.
        options: The client's.
    """
    # it logs what it raises, too, and writes to stderr by itself
    logging.getLogger("azure.ai.ml").setLevel(logging.CRITICAL)
    return MLClient(
        credential,
        workspace.subscription_id,
        workspace.resource_group,
        workspace.name,
        enable_telemetry=False,
        show_progress=False,
        authentication_policy=_ArmPolicy(credential, is_own, is_upload_safe),
        retry_policy=ShortRetryPolicy(),
        transport=_transport(),
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        permit_redirects=False,
        **options,
    )


class ShortRetryPolicy(RetryPolicy[HttpRequest, HttpResponse]):
    """Tries again soon or not at all: an activity must not sleep through a long Retry-After.

    What is still wrong then is the orchestration's to try again, by a durable timer.
    """

    def __init__(self) -> None:
        super().__init__(
            retry_total=RETRIES, retry_backoff_factor=0.3, retry_backoff_max=LONGEST_PAUSE_SECONDS
        )

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Whether azure-core would try again, and the service does not ask for a long pause."""
        asked = self.get_retry_after(response) or 0
        return asked <= LONGEST_PAUSE_SECONDS and super().is_retry(settings, response)


class _ArmPolicy(ARMChallengeAuthenticationPolicy):
    """Sends the token to ARM alone, wherever a list's next page leads.

    It also looks at the one address in ARM's answers that the SDK sends something to by itself:
    the signed one that scoring code is uploaded to.
    """

    def __init__(
        self,
        credential: FixedScope,
        is_own: Callable[[str], bool],
        is_upload_safe: Callable[[str], bool],
    ) -> None:
        super().__init__(credential, credential.scope)
        self._is_own = is_own
        self._is_upload_safe = is_upload_safe

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Authorise; by plain HTTP too, which `is_own` takes of ARM on this machine alone.

        Raises:
            StepError: The address is not ARM's.
        """
        if not self._is_own(request.http_request.url):
            raise technical(
                "UnknownAddress",
                "ARM names an address that is not its own, so no token is sent there.",
            )
        request.context.options["enforce_https"] = False
        super().on_request(request)

    def on_response(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> None:
        """Look at an error's status first, and refuse an upload that leads elsewhere.

        Raises:
            OddAnswerError: Only the status tells anything.
            StepError: What is signed would leave the workspace, or be readable by all.
        """
        super().on_response(request, response)
        answer = response.http_response
        require_readable(answer.status_code, answer.text, json.loads)
        path = urlsplit(request.http_request.url).path
        if not path.lower().endswith("/startpendingupload"):
            return
        signed = _signed_address(response)
        if signed is not None and not self._is_upload_safe(signed):
            raise technical(
                "UploadNotAllowed",
                f"Scoring code is to be uploaded to {urlsplit(signed).netloc[:200]!r}, so it is "
                "not: the workspace's own storage account, by https, is the only place for it.",
            )


def _signed_address(response: PipelineResponse[Any, Any]) -> str | None:
    """The signed address in the answer, or None where it has none."""
    try:
        answer = json.loads(response.http_response.text())
        return str(answer["blobReferenceForConsumption"]["credential"]["sasUri"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _transport() -> RequestsTransport:
    """azure-core's own, whose session takes answers to a size only."""
    session = Session()
    session.mount("https://", _CappedAdapter())
    session.mount("http://", _CappedAdapter())
    return RequestsTransport(session=session, session_owner=False)


class _CappedAdapter(HTTPAdapter):
    """Breaks off answers of more than `ARM_ANSWER_BYTES`: what registrants wrote is in them."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 (requests')
        """Send; the body is read later, piece by piece, through `stream`."""
        response = super().send(request, *args, **kwargs)
        response.raw.stream = partial(_capped, response.raw.stream)  # type: ignore[method-assign] # of this one
        return response


def _capped(
    stream: Callable[..., Iterator[bytes]],
    *args: Any,  # noqa: ANN401 (urllib3's)
    **kwargs: Any,  # noqa: ANN401 (urllib3's)
) -> Iterator[bytes]:
    taken = 0
    for piece in stream(*args, **kwargs):
        taken += len(piece)
        if taken > ARM_ANSWER_BYTES:
            raise not_good_enough(
                "AnswerTooLarge",
                f"What Azure ML keeps of this model or its deployment has more than "
                f"{ARM_ANSWER_BYTES // 1_000_000} MB. Register a version with shorter tags, "
                "properties and description.",
            )
        yield piece
