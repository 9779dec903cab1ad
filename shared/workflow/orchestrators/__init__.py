"""The orchestrators: they decide nothing, they drive what the store says.

Deterministic: no I/O, no clock but the context's, no environment. A release that lost its
orchestration is started anew from the beginning; every activity then finds its work done.
"""

from shared.workflow.orchestrators.gate import ASKS_PER_GENERATION, REVIEWS_PER_GENERATION
from shared.workflow.orchestrators.releasing import release
from shared.workflow.orchestrators.watching import CALLS_PER_GENERATION, PATIENCE, watch

__all__ = [
    "ASKS_PER_GENERATION",
    "CALLS_PER_GENERATION",
    "PATIENCE",
    "REVIEWS_PER_GENERATION",
    "release",
    "watch",
]
