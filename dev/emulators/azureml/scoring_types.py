"""What the two halves of the Azure ML emulator say to each other about scoring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

ModelType = Literal["custom_model", "mlflow_model", "triton_model"]


@dataclass(frozen=True)
class ScoringSpec:
    """Everything that is needed to serve one deployment."""

    deployment_key: str
    """Unique among all deployments of all endpoints; names the log file."""

    model_dir: Path
    """Becomes AZUREML_MODEL_DIR: the folder in which Azure mounts the model's file or folder."""

    model_type: str
    """One of `ModelType`."""

    code_dir: Path | None
    """The code asset, None for no-code deployments."""

    scoring_script: str | None
    """Path of the script inside `code_dir`."""

    environment_variables: Mapping[str, str]
    """The deployment's own variables."""

    request_timeout_seconds: float
    """How long one request may take, as in the deployment's request settings."""


class ScoringStartError(Exception):
    """The deployment's server did not come up: script, model or settings are at fault."""

    def __init__(self, message: str, logs: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.logs = logs
        """What the server wrote until then."""


class ScoringServer(Protocol):
    """One deployment's inference server."""

    @property
    def address(self) -> str:
        """The base address, `http://127.0.0.1:{port}`; the server answers /score there."""

    def logs(self, tail: int) -> str:
        """The last `tail` lines that the server wrote."""

    async def stop(self) -> None:
        """Ends the server with all its processes; does nothing when it has ended."""


class Scorer(Protocol):
    """Starts inference servers; belongs to the event loop it is first used in."""

    async def start(self, spec: ScoringSpec) -> ScoringServer:
        """Starts a server and returns when it is ready.

        Raises:
            ScoringStartError: when it ends, or is not ready in time. Nothing is left running.
        """

    async def close(self) -> None:
        """Ends every server that it started."""


@dataclass(frozen=True)
class EndpointRoute:
    """How one endpoint's requests are distributed now."""

    name: str
    auth_keys: tuple[str, ...]
    """The keys or tokens that may score."""

    traffic: Mapping[str, int]
    """Percent of the requests by deployment."""

    mirror_traffic: Mapping[str, int]
    """Percent of the requests that are copied to a deployment, whose answers are thrown away."""

    servers: Mapping[str, ScoringServer]
    """The deployments that can answer."""

    request_timeouts: Mapping[str, float]
    """Seconds by deployment."""

    request_limits: Mapping[str, int] = field(default_factory=dict)
    """Requests that a deployment takes at once, by deployment:
    2 * maxConcurrentRequestsPerInstance * instance count, which is 2 where nothing is set."""
