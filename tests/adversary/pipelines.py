"""The pipelines that the adversary's models go through: a scenario each, as in tests/e2e."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.pipelines import approver_of, both, pipeline, prod, qa

HERE = Path(__file__).parent
HEALTH = {"timeout": "60s", "interval": "1s"}
"""A minute: what is tried again until then is seen to be."""

NO_JSON = ("AnswerUnreadable", "Unhealthy")
"""Of what is no JSON: told as such, or as text that has not the shape that is asked for."""

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "plain": ("AnswerTooLarge", "Unhealthy"),
    "bomb": ("AnswerTooLarge", "Unhealthy"),
    "string": ("AnswerTooLarge", "Unhealthy"),
    # Azure breaks an answer off after the deployment's own time, and we after ours
    "drip": ("ScoringTimeout", "AnswerUnreadable", "Unhealthy"),
    "brackets": ("AnswerUnreadable", "Unhealthy"),
    "levels": ("AnswerUnreadable", "Unhealthy"),
    "byte": NO_JSON,
    "charset": NO_JSON,
    "gzip": ("AnswerUnreadable", "Unhealthy"),
    "integer": NO_JSON,
    "nan": NO_JSON,
    "surrogate": NO_JSON,
}
"""What a model may answer, and the codes that may end its release."""

DOMAIN = "people.example"
ADA = f"ada.lovelace@{DOMAIN}"
FORMS = {
    "guest": "Ada Lovelace (EXT)",
    "title": "Dr. Ada Lovelace",
    "initial": "Ada M. Lovelace",
    "reversed": "LOVELACE, Ada (Guest)",
    "account": f"ada.lovelace_{DOMAIN}#EXT#@contoso.onmicrosoft.com",
    "degrees": "Prof. Dr. Ádá Lovelace, PhD",
}
"""Names under which Azure ML may show one and the same person."""


def gated(scenario: str, **approval: Any) -> dict[str, Any]:  # noqa: ANN401 (parts of a YAML file)
    """A pipeline with the gate to PROD alone: people are asked at once."""
    asked = {"approvers": [approver_of(scenario)], "timeout": "30m", **approval}
    return pipeline(scenario, prod(scenario, approval=asked, health=HEALTH))


def straight(scenario: str) -> dict[str, Any]:
    """A pipeline to PROD that asks nobody: whatever is not refused arrives."""
    return pipeline(scenario, prod(scenario, approval=None, health=HEALTH))


def short(scenario: str) -> dict[str, Any]:
    """A pipeline of QA alone."""
    return pipeline(scenario, qa(scenario, health=HEALTH))


def asks(form: str) -> dict[str, Any]:
    """A pipeline that asks Ada and somebody else."""
    return gated(f"form-{form}", approvers=[ADA, f"second@form-{form}.example"])


PIPELINES = [
    *(straight(name) for name in ("places", "names", "many", "versions", "victim")),
    *(short(f"answer-{kind}") for kind in ANSWERS),
    *(short(name) for name in ("quiet", "log", "clash", "foreign", "changed")),
    *(gated(name) for name in ("mlmodel", "words", "wide", "taken")),
    *(both(name, approval=None, health=HEALTH) for name in ("swapped", "moving")),
    *map(asks, FORMS),
    gated("alone", approvers=[ADA]),
]


def write(folder: Path) -> Path:
    """Write a file for each pipeline (JSON is YAML), and the code that they refer to."""
    shutil.copytree(HERE / "scoring", folder / "scoring", dirs_exist_ok=True)
    for each in PIPELINES:
        (folder / f"{each['name']}.yaml").write_text(json.dumps(each, indent=2))
    return folder
