"""Which addresses may be asked for predictions with an endpoint's key or a token of ours."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.domain.addresses import is_safe
from shared.domain.errors import technical
from shared.domain.pipeline import KubernetesCompute, Stage


@dataclass(frozen=True, slots=True)
class ScoringAddresses:
    """Managed endpoints have an address of their region; clusters one that the pipeline names."""

    suffix: str
    """Ends the host names of the cloud's managed endpoints."""

    prefix: str = ""
    """Begins every scoring address instead, where the settings say so."""

    def check(self, uri: str, *, stage: Stage, location: Callable[[], str]) -> None:
        """Look at the scoring address that Azure ML gives for a stage's endpoint.

        Args:
            uri: The address.
            stage: Whose endpoint it is.
            location: Gives the region of its workspace.

        Raises:
            StepError: `InsecureScoringAddress` or `ScoringAddressNotAllowed`.
        """
        if not is_safe(uri):
            raise technical(
                "InsecureScoringAddress",
                f"Endpoint {stage.endpoint} is asked by plain HTTP, so its key is not sent. Set up "
                "TLS for the Kubernetes cluster's inference router.",
            )
        if self.prefix:
            allowed, expected = _begins(uri, self.prefix), self.prefix
        else:
            expected = self._host(stage, location)
            allowed = urlsplit(uri).netloc.lower() == expected.lower()
        if not allowed:
            raise technical(
                "ScoringAddressNotAllowed",
                f"Endpoint {stage.endpoint} of workspace {stage.workspace.name} is to be asked at "
                f"{urlsplit(uri).netloc[:200]!r} instead of {expected}, so its key is not sent. "
                "Correct scoring_host in the pipeline if the cluster has another address.",
            )

    def _host(self, stage: Stage, location: Callable[[], str]) -> str:
        """`{endpoint}.{region}.inference.ml.azure.com` (recorded traffic), or the cluster's."""
        if isinstance(stage.compute, KubernetesCompute):
            return stage.compute.scoring_host
        region = "".join(location().split()).lower()
        return f"{stage.endpoint.lower()}.{region}.{self.suffix}"


def _begins(uri: str, prefix: str) -> bool:
    """Whether an address is below another one: same scheme, host and port, and a path below."""
    there, above = urlsplit(uri), urlsplit(prefix)
    return (there.scheme, there.netloc) == (above.scheme, above.netloc) and there.path.startswith(
        f"{above.path.rstrip('/')}/"
    )
