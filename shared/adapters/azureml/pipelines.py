"""HTTP as azure-core does it. Imported where it is needed: azure-core's pipelines are dear."""

import json
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from shared.adapters.answers import require_readable
from shared.domain.addresses import is_safe
from shared.domain.errors import technical

RETRIES = 2
LONGEST_PAUSE_SECONDS = 3.0
USER_AGENT = "modelgate"


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


class ArmAuthenticationPolicy(ARMChallengeAuthenticationPolicy):
    """Sends the token to ARM alone, wherever a redirect or a list's next page leads.

    It also looks at the one address in ARM's answers that the SDK sends something to by itself:
    the signed one that scoring code is uploaded to.
    """

    def __init__(
        self, credential: TokenCredential, scope: str, is_own: Callable[[str], bool]
    ) -> None:
        super().__init__(credential, scope)
        self._is_own = is_own

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
        """Refuse an upload by plain HTTP, and see an error's status before its body.

        Raises:
            OddAnswerError: Only the status tells anything.
            StepError: What is signed would be sent readable by all.
        """
        super().on_response(request, response)
        answer = response.http_response
        require_readable(answer.status_code, answer.text, json.loads)
        path = urlsplit(request.http_request.url).path
        if path.lower().endswith("/startpendingupload") and not _is_upload_safe(response):
            raise technical(
                "InsecureStorageAddress",
                "Scoring code is to be uploaded by plain HTTP, so it is not. Have the workspace's "
                "storage account require secure transfer.",
            )


def _is_upload_safe(response: PipelineResponse[Any, Any]) -> bool:
    """Whether the signed address in the answer is, or there is none."""
    try:
        answer = json.loads(response.http_response.text())
        signed = answer["blobReferenceForConsumption"]["credential"]["sasUri"]
    except (KeyError, TypeError, ValueError):
        return True
    return is_safe(str(signed))


def scoring_pipeline() -> PipelineClient[HttpRequest, HttpResponse]:
    """For scoring: one try, no redirects, so that a latency is one request's and a key stays."""
    agent = cast("Any", UserAgentPolicy(USER_AGENT))
    return PipelineClient("https://", policies=[agent])
