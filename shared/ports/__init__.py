"""What the service needs of the world, as protocols. Adapters implement them, tests fake them.

Every method may be called from several threads at once. A method that meets an expected failure
raises `StepError`, whose failure says whose fault it is and whether trying again can help.
"""

from shared.ports.access import DIGEST_LENGTH, Attempts, Link, Links
from shared.ports.azureml import (
    Artifacts,
    Container,
    CopyStatus,
    Deployment,
    Endpoint,
    Endpoints,
    Models,
    OperationState,
    OperationStatus,
    Place,
    Preflight,
    RegisteredModel,
    RegisteredVersion,
    ScoringAnswer,
)
from shared.ports.messages import Letters, Mail, Mailer, Publisher
from shared.ports.services import Clock, Orchestrations, Services
from shared.ports.store import (
    UNKNOWN_SCHEMA,
    UNREADABLE,
    UNREADABLE_ROW,
    ConflictError,
    Page,
    Store,
    Stored,
    Written,
    unheard,
)
from shared.ports.telemetry import Counter, Telemetry, Timing

__all__ = [
    "DIGEST_LENGTH",
    "UNKNOWN_SCHEMA",
    "UNREADABLE",
    "UNREADABLE_ROW",
    "Artifacts",
    "Attempts",
    "Clock",
    "ConflictError",
    "Container",
    "CopyStatus",
    "Counter",
    "Deployment",
    "Endpoint",
    "Endpoints",
    "Letters",
    "Link",
    "Links",
    "Mail",
    "Mailer",
    "Models",
    "OperationState",
    "OperationStatus",
    "Orchestrations",
    "Page",
    "Place",
    "Preflight",
    "Publisher",
    "RegisteredModel",
    "RegisteredVersion",
    "ScoringAnswer",
    "Services",
    "Store",
    "Stored",
    "Telemetry",
    "Timing",
    "Written",
    "unheard",
]
