"""The pipelines of the browser's stack, a scenario each; tests/e2e/pipelines.py says how."""

from typing import Any

from tests.e2e.pipelines import approver_of, both


def person(name: str, scenario: str) -> str:
    """Another approver of a scenario."""
    return f"{name}@{scenario}.example"


def asking(scenario: str, *others: str, **policy: Any) -> dict[str, Any]:  # noqa: ANN401 (YAML)
    """A pipeline that asks the scenario's approver, and others by name."""
    approvers = [approver_of(scenario), *(person(name, scenario) for name in others)]
    return both(scenario, approval={"approvers": approvers, "timeout": "30m", **policy})


GROUP = "b-hand-over"
SPOKEN = "s-spoken"

PIPELINES = [
    asking("b-approve"),
    asking("b-reject"),
    asking("b-later"),
    both(
        GROUP,
        approval={
            "approvers": [
                {"group": "risk", "members": [approver_of(GROUP), person("rita", GROUP)]},
                person("carl", GROUP),
            ],
            "required": "all",
            "order": "sequence",
        },
    ),
    asking("b-order", "second", required="all", order="sequence"),
    asking("b-quorum", "second", "third", required=2, reject="quorum"),
    asking("b-mind", "second", required=2),
    asking("b-twice", "second", required=2),
    asking("b-race-one", "second"),
    asking("b-race-two", "second", required=2),
    asking("d-keyboard"),
    asking("d-stale", "second", required=2),
    asking("d-both", "second", required=2),
    asking("d-opposed", "second"),
    asking("b-remind", reminders=["4s"]),
    asking("b-expire", timeout="60s"),
    asking("b-signed-in", require_sign_in=True),
    asking("s-aborted"),
    asking("s-degraded", probe_every="1m"),
    asking("s-remind", reminders=["4s"]),
    asking("s-revoked"),
    asking("s-reworded"),
    asking("s-superseded", supersede="replace"),
    both(
        SPOKEN,
        approval={
            "approvers": [
                {"group": "risk", "members": [approver_of(SPOKEN), person("rita", SPOKEN)]},
                person("carl", SPOKEN),
            ],
            "required": "all",
        },
    ),
    asking("b-scanned", "second", required=2),
    both(
        "b-shown",
        approval={
            "approvers": [
                approver_of("b-shown"),
                {"group": "risk", "members": [person("rita", "b-shown")]},
            ],
            "required": 2,
            "instructions": "Compare the answers of both versions before you approve.",
            "reminders": ["1d"],
        },
    ),
]
