"""What holds for every test: no socket reaches beyond this machine.

Contract tests run on real Azure too: any setting `MODELGATE_LIVE_…` says so and lifts the rule.
"""

from tests.loopback import is_live, refuse_foreign_addresses

if not is_live():
    refuse_foreign_addresses()
