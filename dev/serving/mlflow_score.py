"""Scores any MLflow model, as the script that Azure generates for no-code deployments does.

Reads what Azure documents for MLflow models: `{"input_data": ...}` holding a table in split form
(`columns`, `data`, optionally `index`), a list, or a dictionary of named tensors, with optional
`params`. Answers the predictions as JSON.
https://learn.microsoft.com/azure/machine-learning/how-to-deploy-mlflow-models
"""

import json
import os
from pathlib import Path
from typing import Any

import mlflow.pyfunc  # type: ignore[import-not-found]  # the serving environment's
import numpy as np
import pandas as pd
from azureml_inference_server_http.api.aml_response import (  # type: ignore[import-not-found]
    AMLResponse,  # the serving environment's
)

_model: Any = None


def init() -> None:
    """Loads the model below AZUREML_MODEL_DIR; called once by the inference server."""
    global _model  # the server's contract is two functions of one module
    _model = mlflow.pyfunc.load_model(str(_model_folder(Path(os.environ["AZUREML_MODEL_DIR"]))))


def run(raw_data: str) -> Any:  # noqa: ANN401  # JSON, or the server's response
    """Answers the predictions for one request body, or 400 with the reason."""
    try:
        request = json.loads(raw_data)
        model_input = _model_input(request)
    except ValueError as error:
        return AMLResponse({"message": str(error)}, 400, json_str=True)
    return _jsonable(_model.predict(model_input, params=request.get("params")))


def _model_folder(directory: Path) -> Path:
    """Where the MLmodel file is: Azure mounts the model's folder inside AZUREML_MODEL_DIR."""
    found = sorted(directory.rglob("MLmodel"), key=lambda path: len(path.parts))
    if not found:
        raise FileNotFoundError(f"no MLmodel file below {directory}: not an MLflow model")
    return found[0].parent


def _model_input(request: Any) -> Any:  # noqa: ANN401  # what MLflow models take is open
    if not isinstance(request, dict) or "input_data" not in request:
        raise ValueError("Request must contain a top level key named 'input_data'")
    data = request["input_data"]
    if isinstance(data, dict) and "data" in data and set(data) <= {"columns", "index", "data"}:
        return pd.DataFrame(data["data"], columns=data.get("columns"), index=data.get("index"))
    if isinstance(data, dict):
        return {name: np.asarray(tensor) for name, tensor in data.items()}
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return pd.DataFrame(data)
    if isinstance(data, list):
        return np.asarray(data)
    raise ValueError("'input_data' must be a table in split form, a list or named tensors")


def _jsonable(predictions: Any) -> Any:  # noqa: ANN401  # what MLflow models give is open
    if isinstance(predictions, pd.DataFrame):
        return predictions.to_dict(orient="records")
    if isinstance(predictions, pd.Series | np.ndarray | np.generic):
        return predictions.tolist()
    if isinstance(predictions, dict):
        return {name: _jsonable(value) for name, value in predictions.items()}
    return predictions
