"""From uploaded files to an answer of a real inference server, over HTTP alone."""

from __future__ import annotations

from azure.storage.blob import ContainerClient

from dev.emulators.azureml import Settings
from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running

SCORE = """\
import json, os

def init():
    global factor
    folder = os.environ["AZUREML_MODEL_DIR"]
    factor = json.load(open(os.path.join(folder, "model", "factor.json")))

def run(data):
    return [factor * value for value in json.loads(data)["data"]]
"""
CURATED = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"


def upload_code(arm: Arm, name: str, script: str) -> str:
    """Upload a script as the SDK does and register it; its ARM id."""
    upload = {"pendingUploadType": "TemporaryBlobReference"}
    answer = arm.call("POST", f"codes/{name}/versions/1/startPendingUpload", upload).json()
    reference = answer["blobReferenceForConsumption"]
    with ContainerClient.from_container_url(reference["credential"]["sasUri"]) as container:
        container.upload_blob("code/score.py", script)
    code = {"properties": {"codeUri": f"{reference['blobUri']}/code"}}
    assert arm.call("PUT", f"codes/{name}/versions/1", code).status_code == 201
    return f"{arm.spec.arm_id}/codes/{name}/versions/1"


def deploy(arm: Arm, deployment: str, code: str) -> dict[str, object]:
    return arm.finish(
        arm.put_deployment(
            "ep-one",
            deployment,
            environmentId=CURATED,
            codeConfiguration={"codeId": code, "scoringScript": "score.py"},
        )
    )


def test_custom_model(settings: Settings) -> None:
    with Running(settings, real_servers=True) as running:
        arm = Arm(running.url, settings.workspaces[0])
        arm.register_model(model_type="custom_model", files={"factor.json": "3"})
        arm.finish(arm.put_endpoint("ep-one"))
        assert deploy(arm, "blue", upload_code(arm, "good", SCORE))["status"] == "Succeeded"
        arm.finish(arm.put_endpoint("ep-one", traffic={"blue": 100}))
        failed = deploy(arm, "green", upload_code(arm, "bad", "import nothing_like_this\n"))
        assert failed["status"] == "Failed"
        assert "User container has crashed" in str(failed["error"])
        green = "onlineEndpoints/ep-one/deployments/green"
        log = arm.call("POST", f"{green}/getLogs", {"tail": 500}).json()["content"]
        assert "nothing_like_this" in log
        arm.token = arm.call("POST", "onlineEndpoints/ep-one/listKeys").json()["primaryKey"]
        score = f"{running.url}/endpoints/westeurope/ep-one/score"
        assert arm.raw("POST", score, {"data": [1, 2]}).json() == [3, 6]
