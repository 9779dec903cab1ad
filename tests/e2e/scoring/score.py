"""Multiplies the numbers that it is sent by the factor in the model's file."""

import json
import os
from pathlib import Path

factor = 0.0


def init() -> None:
    """Read the factor from the one file of that name below the mounted model."""
    global factor
    root = Path(os.environ["AZUREML_MODEL_DIR"])
    factor = json.loads(next(root.rglob("factor.json")).read_text())["factor"]


def run(raw_data: str) -> dict[str, object]:
    """Answer one request."""
    try:
        return {"result": [factor * number for number in json.loads(raw_data)["data"]]}
    except (KeyError, TypeError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
