"""The Durable engine of the local host: one task hub in memory, served over gRPC.

It behaves at its boundary as the released Durable Task extension does on Azure Storage, and can
be told to do what Azure does now and then: deliver twice, lose a result, lose everything.
"""

from dev.host.engine.hanging import Hang, HangingAs
from dev.host.engine.server import Engine
from dev.host.engine.versions import VersionFailure, VersionMatch, VersionPolicy

__all__ = ["Engine", "Hang", "HangingAs", "VersionFailure", "VersionMatch", "VersionPolicy"]
