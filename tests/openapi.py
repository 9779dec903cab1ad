"""docs/openapi.yaml, and whether a document is as it says."""

from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.structure.source import ROOT


@cache
def description() -> dict[str, Any]:
    """The whole description."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text("utf-8"))
    return found


def faults(document: object, schema: str) -> list[str]:
    """Where a document is not as the schema of that name has it."""
    rules = {
        "$ref": f"#/components/schemas/{schema}",
        "components": description()["components"],
    }
    found = Draft202012Validator(rules).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in found]
