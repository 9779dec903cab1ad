"""HTTP as azure-core does it. Imported where it is needed: azure-core's pipelines are dear."""

from typing import Any, cast

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

RETRIES = 2
LONGEST_PAUSE_SECONDS = 3.0
USER_AGENT = "modelgate"

type Authentication = BearerTokenCredentialPolicy[HttpRequest, HttpResponse]


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


class LoopbackAuthenticationPolicy(BearerTokenCredentialPolicy[HttpRequest, HttpResponse]):
    """Sends the token by plain HTTP; `Workspaces` uses it for loopback addresses alone."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Authorise without the check for HTTPS, whatever the caller asked (azure-facts)."""
        request.context.options["enforce_https"] = False
        super().on_request(request)


def authentication_policy(credential: TokenCredential, arm_url: str) -> Authentication:
    """How requests to ARM carry the credential's token."""
    scope = f"{arm_url}/.default"
    if arm_url.startswith("http://"):
        return LoopbackAuthenticationPolicy(credential, scope)
    return ARMChallengeAuthenticationPolicy(credential, scope)


def scoring_pipeline() -> PipelineClient[HttpRequest, HttpResponse]:
    """For scoring: one try, no redirects, so that a latency is one request's and a key stays."""
    agent = cast("Any", UserAgentPolicy(USER_AGENT))
    return PipelineClient("https://", policies=[agent])
