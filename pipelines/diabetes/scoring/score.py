"""Serves the diabetes model: rows of AGE … S6 in, `{"result": [...]}` or `{"error": "..."}` out."""

import json
import os
from pathlib import Path

import joblib
import pandas as pd

COLUMNS = ["AGE", "SEX", "BMI", "BP", "S1", "S2", "S3", "S4", "S5", "S6"]

model = None


def init():
    """Load the one model file that lies below the folder which Azure ML mounts."""
    global model
    root = Path(os.environ["AZUREML_MODEL_DIR"])
    model = joblib.load(next(root.rglob("*.pkl")))


def run(raw_data):
    """Answer one request. Raw text in, so that a body that is no JSON gets an answer too."""
    try:
        rows = pd.DataFrame(json.loads(raw_data)["data"])[COLUMNS]
        return {"result": model.predict(rows).tolist()}
    except (KeyError, TypeError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
