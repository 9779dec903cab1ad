"""Policies and evidence with something of everything."""

from datetime import UTC, datetime, time
from typing import Any

from shared.domain.artefacts import Artefact
from shared.domain.evidence import (
    Answered,
    Check,
    Comparison,
    Current,
    Difference,
    Skipped,
)
from shared.domain.policy import (
    ApprovalPolicy,
    Delegation,
    Escalation,
    Freeze,
    Hours,
    Order,
    Rejection,
    Supersede,
    Voice,
)
from shared.domain.release import ModelVersion, Outcome, ReleaseId
from tests.unit.web.support import (
    ADA,
    GRACE,
    HOUR,
    LIN,
)

BOB, MAX, BOSS = "bob@example.com", "max@example.com", "boss@example.com"

QUORUM = ApprovalPolicy(
    voices=(
        Voice(ADA, (ADA,)),
        Voice("release managers", (GRACE, LIN)),
        Voice(BOB, (BOB,)),
    ),
    timeout_seconds=48 * HOUR,
    required=2,
    reject=Rejection.QUORUM,
    names={ADA: "Ada Lovelace"},
)
"""Two of three, one of which is a group."""

SEQUENCE = ApprovalPolicy(
    voices=(Voice(ADA, (ADA,)), Voice(GRACE, (GRACE,))),
    timeout_seconds=48 * HOUR,
    required=None,
    order=Order.SEQUENCE,
)

BERLIN = ApprovalPolicy(
    voices=(Voice(ADA, (ADA,)), Voice(GRACE, (GRACE,))),
    timeout_seconds=96 * HOUR,
    time_zone="Europe/Berlin",
    hours=Hours((0, 1, 2, 3, 4), time(9), time(17)),
    freezes=(
        Freeze(
            datetime(2026, 11, 3, 17, tzinfo=UTC),
            datetime(2026, 11, 4, 6, tzinfo=UTC),
            "end of the quarter",
        ),
    ),
    delegations=(
        Delegation(ADA, MAX, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)),
    ),
    escalation=Escalation(12 * HOUR, (BOSS,)),
    supersede=Supersede.ASK,
)
"""The clock of the fakes starts on a Monday, at 10:00 in Berlin."""

CURRENT = Current(
    deployment="v29-1234abcd",
    percent=100,
    model=ModelVersion("diabetes-automl-production", "29"),
    source=ModelVersion("diabetes-automl", "29"),
    release_id=ReleaseId("diabetes-automl-29"),
    registered_at=datetime(2026, 10, 1, 8, tzinfo=UTC),
)

COMPARISON = Comparison(
    request='{"data": [[0.05, 61.2]]}',
    candidate=Answered(200, 0.0521, {"result": [151.23], "label": "high"}),
    current=Answered(200, 1.25, {"result": [149.9], "label": "low"}),
    differences=(
        Difference("label", "low", "high"),
        Difference("result[0]", 149.9, 151.23),
    ),
    difference_count=2,
)

CHANGES = (
    Difference("metrics.r2_score", 0.5, 0.525),
    Difference("metrics.mae", 44.8, 43.2),
    Difference("configuration.compute.instance_count", 1, 2),
    Difference("configuration.environment_variables.API_KEY", "hunter1", "hunter2"),
    Difference(
        "files.model.pkl", {"size": 1024, "md5": "before=="}, {"size": 2048, "md5": "after=="}
    ),
    Difference("files.extra.bin", None, {"size": 100}),
    Difference("schema.inputs", [{"name": "bmi"}], [{"name": "bmi"}, {"name": "age"}]),
    Difference("tags.owner", "team-a", "team-risk"),
    Difference("properties.framework", None, "sklearn 1.7"),
    Difference("description", "Trained on September's intake.", "Trained on October's intake."),
)

SKIPPED = (
    Skipped(
        "30",
        datetime(2026, 10, 15, 9, tzinfo=UTC),
        ReleaseId("diabetes-automl-30"),
        Outcome.REJECTED,
        "Rejected by grace@example.com: the intercept is off.",
        ("grace@example.com: the intercept is off.",),
    ),
)

CHECKS = (
    Check("Endpoint api-diabetes-prod", True, "It is ours."),
    Check("Quota in wk-prod", None, "Azure does not tell."),
)

FULL: dict[str, Any] = {
    "files": (Artefact("MLmodel", 1200, "e1", "m1"), Artefact("model.pkl", 2048, "e2")),
    "schema": {"inputs": [{"name": "bmi", "type": "double"}]},
    "current": CURRENT,
    "comparisons": (COMPARISON,),
    "changes": CHANGES,
    "skipped": SKIPPED,
    "skipped_more": 2,
    "checks": CHECKS,
}
"""Evidence where nothing is missing."""

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(2)> '{{ 7*7 }}' </textarea>"""
