"""The `MLmodel` file that MLflow writes beside a model: YAML that describes it."""

import json
from typing import Any

from shared.domain.pipeline import Json

PARTS = ("inputs", "outputs", "params")
"""Of a signature; each is JSON in a YAML string (mlflow.org/docs/latest/ml/model/signatures)."""


def signature_in(text: str) -> Json:
    """The signature that an `MLmodel` file tells; None where it tells none that can be read."""
    import yaml  # imported here: only activities that ask people read one

    try:
        whole: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    signature = whole.get("signature") if isinstance(whole, dict) else None
    if not isinstance(signature, dict):
        return None
    parts = {name: _part(signature.get(name)) for name in PARTS}
    return {name: part for name, part in parts.items() if part is not None} or None


def _part(value: object) -> Json:
    if not isinstance(value, str):
        return None
    try:
        part: Json = json.loads(value)
    except ValueError:
        return value
    return part
