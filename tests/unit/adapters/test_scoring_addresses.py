"""An endpoint's key goes to the endpoint's own address, whatever Azure ML is told to say."""

from dataclasses import replace

import pytest

from shared.adapters.egress.scoring import ScoringAddresses
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import KubernetesCompute, Stage
from tests.contract.azureml.stand_in import STAGE

MANAGED = replace(STAGE, endpoint="api-churn")
CLUSTER = replace(
    STAGE, compute=KubernetesCompute("aks", None, 1, "1", "1Gi", "aks.example.com:8443")
)
CLOUD = ScoringAddresses("inference.ml.azure.com")
LOCAL = ScoringAddresses("inference.ml.azure.com", "http://127.0.0.1:5000/endpoints/")


@pytest.mark.parametrize(
    ("addresses", "stage", "uri"),
    [
        (CLOUD, MANAGED, "https://api-churn.westeurope.inference.ml.azure.com/score"),
        (CLOUD, MANAGED, "https://API-churn.WestEurope.inference.ml.azure.com/score"),
        (CLOUD, CLUSTER, "https://aks.example.com:8443/api/v1/endpoint/ep/score"),
        (LOCAL, MANAGED, "http://127.0.0.1:5000/endpoints/westeurope/api-churn/score"),
    ],
)
def test_own(addresses: ScoringAddresses, stage: Stage, uri: str) -> None:
    addresses.check(uri, stage=stage, location=lambda: "West Europe")


@pytest.mark.parametrize(
    ("addresses", "stage", "uri"),
    [
        (CLOUD, MANAGED, "https://api-other.westeurope.inference.ml.azure.com/score"),
        (CLOUD, MANAGED, "https://api-churn.eastus.inference.ml.azure.com/score"),
        (CLOUD, MANAGED, "https://api-churn.westeurope.inference.ml.azure.com.evil.example/score"),
        (CLOUD, MANAGED, "https://evil.example/api-churn.westeurope.inference.ml.azure.com"),
        (CLOUD, MANAGED, "https://api-churn.westeurope.inference.ml.azure.com@evil.example/"),
        (CLOUD, MANAGED, "https://x@api-churn.westeurope.inference.ml.azure.com/score"),
        (CLOUD, MANAGED, "https://api-churn.westeurope.inference.ml.azure.com:8443/score"),
        (CLOUD, MANAGED, "https://127.0.0.1/score"),
        (CLOUD, CLUSTER, "https://aks.example.com/api/v1/endpoint/ep/score"),
        (CLOUD, CLUSTER, "https://ep.westeurope.inference.ml.azure.com/score"),
        (LOCAL, MANAGED, "http://127.0.0.1:5001/endpoints/westeurope/api-churn/score"),
        (LOCAL, MANAGED, "http://127.0.0.1:5000/elsewhere"),
        (LOCAL, MANAGED, "https://api-churn.westeurope.inference.ml.azure.com/score"),
    ],
)
def test_anybody_elses(addresses: ScoringAddresses, stage: Stage, uri: str) -> None:
    with pytest.raises(StepError, match="ScoringAddressNotAllowed") as caught:
        addresses.check(uri, stage=stage, location=lambda: "westeurope")
    assert caught.value.failure.kind is FailureKind.FINAL
    assert not caught.value.failure.retryable


@pytest.mark.parametrize("uri", ["http://aks.example.com:8443/score", "", "ftp://x", "//x"])
def test_plain_text(uri: str) -> None:
    with pytest.raises(StepError, match="InsecureScoringAddress"):
        CLOUD.check(uri, stage=CLUSTER, location=lambda: "westeurope")
