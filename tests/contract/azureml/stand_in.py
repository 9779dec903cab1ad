"""An ARM that says what a test wants, where the emulator would say what is true."""

from aiohttp import web

from shared.adapters.azureml import AzureMlEndpoints, Workspaces
from shared.adapters.egress.credentials import azure_credential
from shared.adapters.egress.scoring import ScoringAddresses
from shared.domain.pipeline import ManagedCompute, Stage, Workspace
from tests.contract.azureml.world import HEALTH

SCORED = web.AppKey("scored", list[str])
"""The Authorization headers that came to /score."""

OPERATION = "/locations/westeurope/mfeOperationsStatus/oe:1"
STAGE = Stage(
    name="qa",
    workspace=Workspace("s", "g", "w"),
    model_name=None,
    endpoint="ep",
    compute=ManagedCompute("Standard_DS3_v2", 1),
    health=HEALTH,
)


def endpoints_at(address: str) -> AzureMlEndpoints:
    credential = azure_credential(static_token="secret-token")
    return AzureMlEndpoints(
        workspaces=Workspaces(arm_url=address, credential=credential),
        scoring=anywhere_at(address),
    )


def anywhere_at(address: str) -> ScoringAddresses:
    """Takes every scoring address of a stand-in."""
    return ScoringAddresses("", f"{address}/")


def arm_with_endpoint(
    *,
    scoring_uri: str = "https://127.0.0.1/score",
    operation_status: int = 200,
    operation_text: str = "",
) -> web.Application:
    """Its endpoint is Succeeded and gives the key `refused`, which its /score never takes."""

    async def endpoint(request: web.Request) -> web.Response:
        uri = scoring_uri.format(host=request.host)
        properties = {"provisioningState": "Succeeded", "authMode": "Key", "scoringUri": uri}
        return web.json_response({"name": "ep", "location": "x", "properties": properties})

    async def keys(_: web.Request) -> web.Response:
        return web.json_response({"primaryKey": "refused", "secondaryKey": "refused"})

    async def operation(_: web.Request) -> web.Response:
        headers = {"Location": "http://127.0.0.1:9/"}
        return web.Response(status=operation_status, text=operation_text, headers=headers)

    async def score(request: web.Request) -> web.Response:
        request.app[SCORED].append(request.headers["Authorization"])
        return web.Response(status=401)

    app = web.Application()
    app[SCORED] = []
    app.router.add_get(OPERATION, operation)
    app.router.add_get("/{rest:.*}/onlineEndpoints/ep", endpoint)
    app.router.add_post("/{rest:.*}/onlineEndpoints/ep/listKeys", keys)
    app.router.add_post("/score", score)
    return app
