"""What a data scientist does: train the tutorial's diabetes model, register it, ask endpoints."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import requests

from shared.adapters.azureml import Workspaces
from shared.adapters.egress.credentials import StaticToken
from shared.domain.pipeline import Workspace

if TYPE_CHECKING:
    import pandas as pd
    from azure.ai.ml import MLClient

COLUMNS = ["AGE", "SEX", "BMI", "BP", "S1", "S2", "S3", "S4", "S5", "S6"]
MODEL = "diabetes-automl"


@dataclass(frozen=True)
class TrainedModel:
    """A model in memory."""

    estimator: Any
    rows: pd.DataFrame
    """Ten rows that it was not trained on."""

    r2: float

    def predict(self) -> list[float]:
        """Its answers for the ten rows."""
        return [float(value) for value in self.estimator.predict(self.rows)]

    def pickled(self) -> bytes:
        """The model as the one file that is registered."""
        import joblib  # type: ignore[import-untyped] # has no types

        buffer = BytesIO()
        joblib.dump(self.estimator, buffer, protocol=pickle.HIGHEST_PROTOCOL)
        return buffer.getvalue()


def train() -> TrainedModel:
    """A gradient-boosted regression over the diabetes data that scikit-learn ships with."""
    import pandas as pd
    from sklearn.datasets import load_diabetes  # type: ignore[import-untyped] # has no types
    from sklearn.ensemble import (  # type: ignore[import-untyped] # has no types
        GradientBoostingRegressor,
    )

    data = load_diabetes()
    frame = pd.DataFrame(data.data, columns=COLUMNS)
    known, unknown = frame.iloc[:-50], frame.iloc[-50:]
    estimator = GradientBoostingRegressor(n_estimators=80, max_depth=2, random_state=7)
    estimator.fit(known, data.target[:-50])
    r2 = float(estimator.score(unknown, data.target[-50:]))
    return TrainedModel(estimator, unknown.tail(10), r2)


class Studio:
    """The workspaces of a running stack, seen as a data scientist sees them."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Take what the stack printed."""
        self._facts = facts
        self._workspaces = Workspaces(arm_url=facts["azureml"], credential=StaticToken("local"))

    def client(self, role: str) -> MLClient:
        """azure-ai-ml's client of the workspace `qa` or `prod`."""
        parts = self._facts["workspaces"][role].split("/")
        return self._workspaces.client(Workspace(parts[2], parts[4], parts[8]))

    def register(
        self,
        files: Mapping[str, bytes],
        *,
        name: str = MODEL,
        version: str = "1",
        type_: str = "custom_model",
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        description: str = "",
    ) -> None:
        """Upload files to wk-qa's storage and register them as a model version.

        Args:
            files: Content by path; one file is registered as a file, several as a folder.
            name: The model's name.
            version: The model's version.
            type_: `custom_model`, `mlflow_model` or `triton_model`.
            tags: The model's tags.
            properties: The model's properties, metrics for example.
            description: The model's description.
        """
        from azure.ai.ml.entities import Model
        from azure.storage.blob import BlobServiceClient

        client = self.client("qa")
        store = client.datastores.get("workspaceblobstore")
        service = BlobServiceClient.from_connection_string(self._facts["storage"]["qa"])
        container = service.get_container_client(store.container_name)
        folder = f"models/{name}/{version}"
        for path, content in files.items():
            container.upload_blob(f"{folder}/{path}", content, overwrite=True)
        where = f"{folder}/{next(iter(files))}" if len(files) == 1 else folder
        client.models.create_or_update(
            Model(
                name=name,
                version=version,
                type=type_,
                path=f"azureml://datastores/workspaceblobstore/paths/{where}",
                description=description,
                tags=dict(tags or {}),
                properties=dict(properties or {}),
            )
        )

    def score(self, role: str, endpoint: str, rows: pd.DataFrame) -> list[float]:
        """What an endpoint answers to rows, as a user of it asks: with its key."""
        client = self.client(role)
        uri = client.online_endpoints.get(endpoint).scoring_uri
        key = client.online_endpoints.get_keys(endpoint).primary_key
        answer = requests.post(
            uri,
            json={"data": rows.to_dict(orient="records")},
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )
        answer.raise_for_status()
        return [float(value) for value in answer.json()["result"]]
