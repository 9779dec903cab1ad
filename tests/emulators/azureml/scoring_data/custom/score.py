"""A scoring script as its users write it: a joblib model, plus switches for what can go wrong."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]  # ships no types
from azureml_inference_server_http.api.aml_response import (  # type: ignore[import-not-found]
    AMLResponse,  # the serving environment's
)
from flask import Response  # type: ignore[import-not-found]  # the serving environment's

_model: Any = None


def init() -> None:
    global _model
    _model = joblib.load(Path(os.environ["AZUREML_MODEL_DIR"]) / "model.joblib")
    print("model loaded by", os.environ.get("DEPLOYED_AS", "nobody"))  # noqa: T201  # goes to the log


def _drip() -> Iterator[bytes]:
    while True:
        yield b" "
        time.sleep(0.05)


def run(raw_data: str, request_headers: dict[str, str]) -> Any:  # noqa: ANN401  # JSON
    request = json.loads(raw_data)
    match request.get("do"):
        case "raise":
            raise ValueError("the script is not up to this")
        case "sleep":
            time.sleep(request["seconds"])
            return "slept"
        case "status":
            return AMLResponse({"asked": request["status"]}, request["status"], json_str=True)
        case "headers":
            return request_headers
        case "environment":
            return dict(os.environ)
        case "size":
            return len(request["payload"])
        case "bytes":
            return Response(bytes.fromhex(request["hex"]), headers=request["headers"])
        case "drip":
            return Response(_drip())
        case "who":
            return os.environ["DEPLOYED_AS"]
    return _model.predict(request["data"]).tolist()
