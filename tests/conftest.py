"""What holds for every test: no socket reaches beyond this machine.

Contract tests run on real Azure too; whoever sets `MODELGATE_LIVE` for that lifts the rule.
"""

import os

from tests.loopback import refuse_foreign_addresses

if not os.environ.get("MODELGATE_LIVE"):
    refuse_foreign_addresses()
