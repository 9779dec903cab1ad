"""How a refused release has to look: outcome, code, and one line that people can read."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.stacks import Release, Stack, types

LONGEST_REASON = 1000
UNREADABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and bidirectional characters, halves of characters, other ends of lines."""

PATIENCE_SECONDS = 75.0
"""Since the release began: what has not ended by then is tried again and again."""


def is_a_line(text: str) -> bool:
    """Whether a text is one line that shows what it says."""
    return 0 < len(text) <= LONGEST_REASON and not any(
        unicodedata.category(sign) in UNREADABLE for sign in text
    )


@dataclass(frozen=True)
class Refusals:
    """Looks at how releases of a stack end."""

    stack: Stack

    def ended(self, release_id: str, outcome: str, *codes: str) -> Release:
        """The release, which has to end like that, for one of these reasons."""
        release = self.stack.ended(release_id, self._patience(release_id))
        assert release["outcome"] == outcome, release["reason"]
        assert is_a_line(release["reason"]), release["reason"]
        events = self.stack.events(release_id)
        assert types(events)[-1] == "Ended"
        assert all(is_a_line(event["message"]) for event in events)
        assert self.code(release_id) in codes, release["reason"]
        return release

    def _patience(self, release_id: str) -> float:
        began = datetime.fromisoformat(self.stack.release(release_id)["created_at"])
        return max(1.0, PATIENCE_SECONDS - (datetime.now(UTC) - began).total_seconds())

    def code(self, release_id: str) -> str:
        """The code of the last failure that the log has of a release: the API tells words alone."""
        codes = self._codes(release_id)
        if not codes:  # a probe's problems are no trouble of a step's, and logged as none
            probes = [stage["probe"] for stage in self.stack.release(release_id)["stages"]]
            return "Unhealthy" if any(probe and probe["problems"] for probe in probes) else ""
        return codes[-1]

    def _codes(self, release_id: str) -> list[str]:
        log = (Path(self.stack.facts["state_dir"]) / "functions.log").read_text(errors="replace")
        found = re.compile(rf"release {re.escape(release_id)}: [a-z_]+: (\w+): ")
        return found.findall(log)

    def tries(self, release_id: str, code: str) -> int:
        """How often a release met a failure."""
        return self._codes(release_id).count(code)
