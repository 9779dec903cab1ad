"""A proxy before Azurite that answers as a real account does now and then, when it is told to.

Azurite knows neither a firewall nor a busy server. What is not to fail goes through as it came:
the signatures of requests cover neither host nor port. Nothing runs here unless it is asked for.
"""

from dev.emulators.storage.app import create_app
from dev.emulators.storage.faults import Faults, Service

__all__ = ["Faults", "Service", "create_app"]
