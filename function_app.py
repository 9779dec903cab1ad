"""The functions: decorators and bindings; every body delegates."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions import SyncDurableFunctionsClient
from durabletask.task import OrchestrationContext

from shared.bindings import event_fields, to_http, to_request
from shared.bootstrap import Application, orchestrations
from shared.domain.pipeline import Json
from shared.web import approvals, releases, revoking
from shared.web.http import guarded
from shared.workflow import contract, orchestrators
from shared.workflow.activities import run_activity
from shared.workflow.intake import take_event
from shared.workflow.sweeper import sweep

application = Application(os.environ, Path(__file__).parent)
app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)

GET, POST = [func.HttpMethod.GET], [func.HttpMethod.POST]


# --- what starts and drives a release ---


@app.function_name("model_registered")
@app.event_grid_trigger(arg_name="event")
@app.durable_client_input(client_name="client")
def model_registered(event: func.EventGridEvent, client: SyncDurableFunctionsClient) -> None:
    """Event Grid tells of a registered model version."""
    take_event(application.services, orchestrations(client), **event_fields(event))


@app.orchestration_trigger(context_name="context", orchestration=contract.RELEASE)
def release(context: OrchestrationContext, start: dict[str, Json]) -> Generator[Any, Any, str]:
    """One release."""
    return orchestrators.release(context, start)


@app.orchestration_trigger(context_name="context", orchestration=contract.WATCH)
def watch(
    context: OrchestrationContext, start: dict[str, Json]
) -> Generator[Any, Any, dict[str, Json] | None]:
    """One step of a release, until it is done."""
    return orchestrators.watch(context, start)


def register_activity(activity: contract.Activity) -> None:
    """Make one of the workflow's activities a function of its name."""

    def body(payload: dict) -> dict:  # type: ignore[type-arg] # the worker takes plain types
        return run_activity(activity, application.services, payload)

    body.__name__ = activity.value
    app.activity_trigger(input_name="payload", activity=activity.value)(body)


for each in contract.Activity:
    register_activity(each)


@app.function_name("sweeper")
@app.timer_trigger(arg_name="timer", schedule="%MODELGATE_SWEEP_SCHEDULE%")
@app.durable_client_input(client_name="client")
def sweeper(
    timer: func.TimerRequest,  # noqa: ARG001 - the binding asks for it
    client: SyncDurableFunctionsClient,
) -> None:
    """Look after releases that the engine lost and news that did not get through."""
    sweep(application.services, orchestrations(client))


# --- programs ---


@app.function_name("list_releases")
@app.route("releases", methods=GET)
def list_releases(req: func.HttpRequest) -> func.HttpResponse:
    """The releases, latest first."""
    return to_http(guarded(releases.list_releases)(application.services, to_request(req)))


@app.function_name("get_release")
@app.route("releases/{id}", methods=GET)
def get_release(req: func.HttpRequest) -> func.HttpResponse:
    """One release."""
    return to_http(guarded(releases.get_release)(application.services, to_request(req)))


@app.function_name("list_events")
@app.route("releases/{id}/events", methods=GET)
def list_events(req: func.HttpRequest) -> func.HttpResponse:
    """A release's audit trail."""
    return to_http(guarded(releases.list_events)(application.services, to_request(req)))


@app.function_name("list_ignored")
@app.route("ignored", methods=GET)
def list_ignored(req: func.HttpRequest) -> func.HttpResponse:
    """Registrations that started nothing, and why."""
    return to_http(guarded(releases.list_ignored)(application.services, to_request(req)))


@app.function_name("start_release")
@app.route("releases", methods=POST)
@app.durable_client_input(client_name="client")
def start_release(req: func.HttpRequest, client: SyncDurableFunctionsClient) -> func.HttpResponse:
    """Start or repeat a release by hand."""
    view = guarded(releases.start_release)
    return to_http(view(application.services, to_request(req), orchestrations(client)))


@app.function_name("abort_release")
@app.route("releases/{id}/abort", methods=POST)
@app.durable_client_input(client_name="client")
def abort_release(req: func.HttpRequest, client: SyncDurableFunctionsClient) -> func.HttpResponse:
    """Stop a release."""
    view = guarded(releases.abort_release)
    return to_http(view(application.services, to_request(req), orchestrations(client)))


@app.function_name("revoke_links")
@app.route("releases/{id}/revoke", methods=POST)
@app.durable_client_input(client_name="client")
def revoke_links(req: func.HttpRequest, client: SyncDurableFunctionsClient) -> func.HttpResponse:
    """Make the links that were mailed worthless, and mail others."""
    view = guarded(revoking.revoke_links)
    return to_http(view(application.services, to_request(req), orchestrations(client)))


@app.function_name("health")
@app.route("health", methods=GET, auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the service lives and what it depends on answers."""
    return to_http(guarded(releases.health)(application.services, to_request(req)))


# --- people ---


@app.function_name("show_approval")
@app.route(
    "approvals/{token}",
    methods=[func.HttpMethod.GET, func.HttpMethod.HEAD, func.HttpMethod.OPTIONS],
    auth_level=func.AuthLevel.ANONYMOUS,
)
def show_approval(req: func.HttpRequest) -> func.HttpResponse:
    """The decision page; changes nothing."""
    return to_http(guarded(approvals.show_approval)(application.services, to_request(req)))


@app.function_name("decide")
@app.route("approvals/{token}", methods=POST, auth_level=func.AuthLevel.ANONYMOUS)
@app.durable_client_input(client_name="client")
def decide(req: func.HttpRequest, client: SyncDurableFunctionsClient) -> func.HttpResponse:
    """An approver's answer."""
    view = guarded(approvals.decide)
    return to_http(view(application.services, to_request(req), orchestrations(client)))
