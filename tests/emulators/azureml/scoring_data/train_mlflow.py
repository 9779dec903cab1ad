"""Saves MLflow models; run in the serving environment, which has MLflow: `… DIRECTORY`.

`signed/model` wants named columns, `plain/model` takes rows, `tensors/model` sums named tensors.
Prints one JSON line: the columns, ten rows and the predictions of the first two for them.
"""

import json
import sys
from pathlib import Path
from typing import Any

import mlflow.pyfunc  # type: ignore[import-not-found]  # the serving environment's
import mlflow.sklearn  # type: ignore[import-not-found]  # the serving environment's
from mlflow.models import infer_signature  # type: ignore[import-not-found]  # the same
from sklearn.datasets import load_diabetes  # type: ignore[import-untyped]  # ships no types
from sklearn.linear_model import Ridge  # type: ignore[import-untyped]  # ships no types


class Sums(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # a class without types
    """Sums each of its tensors."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ANN401, ARG002  # MLflow's contract
        """Gives one number for each name."""
        return {name: tensor.sum() for name, tensor in model_input.items()}


def _main(directory: Path) -> None:
    frame = load_diabetes(as_frame=True)
    named = Ridge().fit(frame.data, frame.target)
    rows = frame.data.head(10)
    mlflow.sklearn.save_model(
        named,
        directory / "signed" / "model",
        signature=infer_signature(rows, named.predict(rows)),
        pip_requirements=["scikit-learn"],
        serialization_format="cloudpickle",
    )
    mlflow.sklearn.save_model(
        Ridge().fit(frame.data.to_numpy(), frame.target),
        directory / "plain" / "model",
        pip_requirements=["scikit-learn"],
        serialization_format="cloudpickle",
    )
    mlflow.pyfunc.save_model(
        directory / "tensors" / "model", python_model=Sums(), pip_requirements=["numpy"]
    )
    facts = {
        "columns": list(rows.columns),
        "rows": rows.to_numpy().tolist(),
        "predictions": named.predict(rows).tolist(),
    }
    print(json.dumps(facts))  # noqa: T201  # read by the test


_main(Path(sys.argv[1]))
