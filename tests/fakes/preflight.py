"""What is looked at before people are asked, in memory."""

from shared.domain.evidence import QUOTA, Check
from shared.domain.pipeline import Stage
from tests.fakes.failures import Faults


class FakePreflight:
    """Everything passes, but for what a test says in `failing` (name of the check: words)."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.failing: dict[str, str] = {}

    def checks(self, *, stage: Stage, pipeline: str, copies: bool) -> list[Check]:
        del pipeline
        self.faults.meet("checks")
        names = ["workspace", "endpoint", "permissions", QUOTA, *(["storage"] if copies else [])]
        return [
            Check(name, name not in self.failing, self.failing.get(name, f"fine in {stage.name}"))
            for name in names
        ]
