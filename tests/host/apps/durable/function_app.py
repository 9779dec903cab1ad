"""An app that does what the Durable extension has rules for."""

# ruff: noqa: ANN001, ANN201, ARG001 (functions have the shapes that their triggers ask for)
# mypy: ignore-errors

import asyncio
import json
import sys
import threading
import time
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func
from durabletask import task

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
runs: dict[str, int] = {}
counting = threading.Lock()
tarrying: list[int] = []


def run(name: str) -> int:
    """Note one more run, of several at once too; how many there have been."""
    with counting:
        runs[name] = runs.get(name, 0) + 1
        return runs[name]


def is_first(name: str) -> bool:
    return run(name) == 1


@app.route("start/{name}/{id?}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    body = req.get_body()
    instance_id = await client.schedule_new_orchestration(
        req.route_params["name"],
        instance_id=req.route_params.get("id"),
        input=json.loads(body) if body else None,
        version=req.params.get("version"),
    )
    return client.create_check_status_response(req, instance_id)


@app.route("start-sync/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
def start_sync(req: func.HttpRequest, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    return func.HttpResponse(client.schedule_new_orchestration(req.route_params["name"], input=0))


@app.route("entity/{name}/{key}")
@app.durable_client_input(client_name="client")
async def entity(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    entity_id = df.EntityId(req.route_params["name"], req.route_params["key"])
    if req.method == "POST":
        await client.signal_entity(
            entity_id, req.params["operation"], input=req.params.get("input")
        )
        return func.HttpResponse(status_code=202)
    found = await client.get_entity(entity_id)
    return func.HttpResponse(json.dumps(found is not None))


@app.route("binding")
@app.generic_input_binding(arg_name="client", type="durableClient")
def binding(req: func.HttpRequest, client: str) -> func.HttpResponse:
    return func.HttpResponse(client)


@app.route("runs")
def counted(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(runs))


@app.route("remote")
def remote(req: func.HttpRequest) -> func.HttpResponse:
    """Answers 202 once, then 200, as a long-running operation does."""
    if req.method == "POST":
        where = {"Location": req.url, "Retry-After": "1"}
        return func.HttpResponse(status_code=202, headers=where)
    return func.HttpResponse("done")


@app.orchestration_trigger(context_name="context")
def who_am_i(context: task.OrchestrationContext, _):
    child = yield context.call_sub_orchestrator("describe", input=3)
    return {"version": context.version, "child": child}


@app.orchestration_trigger(context_name="context")
def describe(context: task.OrchestrationContext, left):
    if left:
        context.continue_as_new(left - 1)
        return None
    return {"version": context.version, "parent": context.parent_instance_id}


@app.orchestration_trigger(context_name="context")
def call(context: task.OrchestrationContext, asked):
    """Calls an activity or a child and reports how it failed."""
    caller = context.call_sub_orchestrator if asked.get("child") else context.call_activity
    try:
        return {"result": (yield caller(asked["name"], input=asked.get("input")))}
    except task.TaskFailedError as error:
        details = error.details
        return {
            "type": details.error_type,
            "message": details.message,
            "stack": details.stack_trace,
        }


@app.orchestration_trigger(context_name="context")
def call_twice(context: task.OrchestrationContext, name):
    """Fails with its activity the first time that it is run for a name."""
    return (yield context.call_activity("fails_once", input=name))


@app.orchestration_trigger(context_name="context")
def most_at_once(context: task.OrchestrationContext, count):
    """Runs activities together; how many of them did run at a time."""
    tasks = [context.call_activity("tarry", input=1) for _ in range(count)]
    return max((yield task.when_all(tasks)))


@app.orchestration_trigger(context_name="context")
def fail(context: task.OrchestrationContext, _):
    raise LookupError("nothing there")


@app.orchestration_trigger(context_name="context")
def wait(context: task.OrchestrationContext, _):
    context.set_custom_status({"waits": True})
    return (yield context.wait_for_external_event("go"))


@app.orchestration_trigger(context_name="context")
def collect(context: task.OrchestrationContext, _):
    """Counts the events that come within a second."""
    events = 0
    end = context.create_timer(timedelta(seconds=1))
    while True:
        event = context.wait_for_external_event("go")
        if (yield task.when_any([event, end])) is end:
            return events
        events += 1


@app.orchestration_trigger(context_name="context")
def sleep(context: task.OrchestrationContext, seconds):
    yield context.create_timer(timedelta(seconds=seconds))
    return "slept"


@app.orchestration_trigger(context_name="context")
def long_status(context: task.OrchestrationContext, units):
    context.set_custom_status("x" * (units - 2))  # in quotes as JSON
    yield context.create_timer(timedelta(seconds=0))
    return "fits"


@app.orchestration_trigger(context_name="context")
def exits_once(context: task.OrchestrationContext, _):
    if is_first("exits_once"):
        sys.exit(3)
    return "second try"


@app.generic_trigger(arg_name="context", type="orchestrationTrigger")
async def hangs_once(context):
    if is_first("hangs_once"):
        await asyncio.sleep(30)
    return ""


@app.generic_trigger(arg_name="context", type="orchestrationTrigger")
def says_nothing(context):
    return ""


@app.generic_trigger(arg_name="context", type="orchestrationTrigger")
def says_nonsense(context):
    return "this is not base64"


@app.orchestration_trigger(context_name="context")
def call_remote(context: df.DurableOrchestrationContext):
    response = yield context.call_http("POST", context.get_input())
    return {"status": response.status_code, "content": response.content}


@app.orchestration_trigger(context_name="context")
def use_entity(context: task.OrchestrationContext, operations):
    results = []
    entity_id = df.EntityId("keeper", context.instance_id)
    for operation, value in operations:
        try:
            results.append((yield context.call_entity(entity_id, operation, value)))
        except task.TaskFailedError as error:
            results.append(error.details.message)
    return results


@app.orchestration_trigger(context_name="context")
def use_unknown_entity(context: task.OrchestrationContext, _):
    try:
        yield context.call_entity(df.EntityId("nobody", "1"), "get")
    except task.TaskFailedError as error:
        return error.details.message


@app.entity_trigger(context_name="context", entity_name="keeper")
def keeper_entity(context: df.DurableEntityContext):
    match context.operation_name:
        case "set":
            context.set_state(context.get_input())
        case "delete":
            context.set_state(None)
        case "fail":
            raise ValueError("not today")
    context.set_result(context.get_state())


@app.activity_trigger(input_name="value")
def identity(value):
    return value


@app.activity_trigger(input_name="value")
def fails_once(value):
    if is_first(value):
        raise ValueError("broken")
    return "second try"


@app.activity_trigger(input_name="value")
def type_of(value):
    return [type(value).__name__, value]


@app.activity_trigger(input_name="value")
def nothing(value):
    return None


@app.activity_trigger(input_name="value")
def raises(value):
    try:
        raise KeyError("the cause")
    except KeyError as error:
        raise ValueError(value) from error


@app.activity_trigger(input_name="value")
def exits(value):
    sys.exit(7)


@app.activity_trigger(input_name="value")
async def hangs(value):
    await asyncio.sleep(30)


@app.activity_trigger(input_name="value")
async def tarry(value):
    tarrying.append(value)
    await asyncio.sleep(0.1)
    together = len(tarrying)
    tarrying.pop()
    return together


@app.activity_trigger(input_name="value")
def blocks(value):
    time.sleep(30)


@app.activity_trigger(input_name="value")
def counts(value):
    return run("counts")
