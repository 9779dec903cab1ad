"""Saves an MLflow model with a signature; run in the serving environment, which has MLflow.

Prints one JSON line: the columns, ten rows and the model's predictions for them.
"""

import json
import sys

import mlflow.sklearn  # type: ignore[import-not-found]  # the serving environment's
from mlflow.models import infer_signature  # type: ignore[import-not-found]
from sklearn.datasets import load_diabetes  # type: ignore[import-untyped]  # ships no types
from sklearn.linear_model import Ridge  # type: ignore[import-untyped]  # ships no types

frame = load_diabetes(as_frame=True)
model = Ridge().fit(frame.data, frame.target)
rows = frame.data.head(10)
mlflow.sklearn.save_model(
    model,
    sys.argv[1],
    signature=infer_signature(rows, model.predict(rows)),
    pip_requirements=["scikit-learn"],
    serialization_format="cloudpickle",
)
facts = {
    "columns": list(rows.columns),
    "rows": rows.to_numpy().tolist(),
    "predictions": model.predict(rows).tolist(),
}
print(json.dumps(facts))  # noqa: T201  # read by the test
