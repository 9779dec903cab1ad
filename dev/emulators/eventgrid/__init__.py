"""Emulator of Azure Event Grid: topics take events, subscriptions deliver them to webhooks.

Services post their own events as a system topic would; applications publish to custom topics
through `azure-eventgrid`; people see what was published at `/`; tests steer it under `/_emulator/`.
"""

from dev.emulators.eventgrid.app import create_app
from dev.emulators.eventgrid.models import Settings

__all__ = ["Settings", "create_app"]
