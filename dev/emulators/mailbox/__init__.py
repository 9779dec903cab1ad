"""Emulator of Azure Communication Services Email, with an inbox page for people.

Machines send through the service's REST interface (`POST /emails:send`); people read the mail at
`/`; tests list it at `GET /messages` and steer the emulator under `/_emulator/`. Nothing leaves the
machine.
"""

from dev.emulators.mailbox.app import create_app
from dev.emulators.mailbox.models import Settings

__all__ = ["Settings", "create_app"]
