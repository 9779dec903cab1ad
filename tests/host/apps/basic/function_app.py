"""An app with one function of every kind."""

# ruff: noqa: ANN001, ANN201, ARG001, LOG015, T201 (functions have the shapes that their triggers ask for)
# mypy: ignore-errors

import json
import logging
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
seen: list[object] = []


def answer(value: object, status: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), status_code=status, mimetype="application/json")


@app.route("echo/{id:int}/{rest?}", methods=["GET", "POST"], auth_level="ANONYMOUS")
def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logging.info("echo was called")
    return answer(
        {
            "method": req.method,
            "route": dict(req.route_params),
            "query": dict(req.params),
            "headers": dict(req.headers),
            "body": req.get_body().decode(),
            "function": context.function_name,
            "trace": context.trace_context.Traceparent,
            "cwd": Path.cwd().name,
        }
    )


@app.route("echo/latest", methods=["GET"], auth_level="ANONYMOUS")
def echo_latest(req: func.HttpRequest) -> str:
    return "the static route"


@app.route("cookies", auth_level="ANONYMOUS")
async def cookies(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse(status_code=201)
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=60")
    response.headers.add("Set-Cookie", "b=2; Secure")
    return response


@app.route("nothing", auth_level="ANONYMOUS")
def nothing(req: func.HttpRequest) -> func.HttpResponse:
    return None


@app.route("out/{status?}", auth_level="ANONYMOUS", binding_arg_name="response")
def out(req: func.HttpRequest, response: func.Out[func.HttpResponse]) -> None:
    if status := req.route_params.get("status"):
        response.set(func.HttpResponse("by output", status_code=int(status)))


@app.route("broken", auth_level="ANONYMOUS")
def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("broken on purpose")


@app.route("locked")
def locked(req: func.HttpRequest) -> func.HttpResponse:
    return answer("open")


@app.route("admin-only", auth_level="ADMIN")
def admin_only(req: func.HttpRequest) -> func.HttpResponse:
    return answer("open")


@app.route("settings/{name}", auth_level="ANONYMOUS")
def settings(req: func.HttpRequest) -> func.HttpResponse:
    return answer(os.environ.get(req.route_params["name"]))


@app.route("seen", auth_level="ANONYMOUS")
def seen_so_far(req: func.HttpRequest) -> func.HttpResponse:
    return answer(seen)


@app.timer_trigger(arg_name="timer", schedule="%NEVER%")
def tick(timer: func.TimerRequest) -> None:
    seen.append({"timer": timer.past_due})
    if len(seen) > 100:
        raise RuntimeError("too much")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
async def at_start(timer: func.TimerRequest) -> None:
    seen.append("started")


@app.timer_trigger(arg_name="timer", schedule="*/1 * * * * *")
def every_second(timer: func.TimerRequest) -> None:
    """Runs often."""


@app.event_grid_trigger(arg_name="event")
def on_event(event: func.EventGridEvent) -> None:
    time.sleep(0.2)
    if event.subject == "fail":
        raise ValueError(f"no {event.id}")
    seen.append({"id": event.id, "type": event.event_type, "data": event.get_json()})


@app.event_grid_trigger(arg_name="event")
async def on_cloud_event(event: func.CloudEvent) -> None:
    seen.append({"id": event.id, "source": event.source, "data": event.get_json()})


@app.route("start/{name}/{id?}", methods=["POST"], auth_level="ANONYMOUS")
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


@app.route("client", auth_level="ANONYMOUS")
@app.durable_client_input(client_name="client")
def raw_client(req: func.HttpRequest, client: str) -> func.HttpResponse:
    return func.HttpResponse(repr(type(client)))


@app.orchestration_trigger(context_name="context")
def hello(context: df.DurableOrchestrationContext):
    first = yield context.call_activity("say", context.get_input())
    second = yield context.call_sub_orchestrator("child", first)
    return [first, second]


@app.orchestration_trigger(context_name="context")
def child(context: df.DurableOrchestrationContext):
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=200))
    return (yield context.call_activity("say_async", context.get_input()))


@app.orchestration_trigger(context_name="context")
def waiter(context: df.DurableOrchestrationContext):
    context.set_custom_status("waiting")
    return (yield context.wait_for_external_event("go"))


@app.activity_trigger(input_name="name")
def say(name):
    return f"Hello {name}!"


@app.activity_trigger(input_name="name", activity="say_async")
async def say_later(name):
    return {"later": name}


@app.orchestration_trigger(context_name="context")
def counting(context: df.DurableOrchestrationContext):
    entity = df.EntityId("Counter", context.instance_id)
    yield context.call_entity(entity, "add", 3)
    yield context.call_entity(entity, "add", 4)
    return (yield context.call_entity(entity, "get"))


@app.entity_trigger(context_name="context", entity_name="Counter")
def counter_entity(context: df.DurableEntityContext):
    total = context.get_state(lambda: 0)
    if context.operation_name == "add":
        total += context.get_input()
        context.set_state(total)
    context.set_result(total)


print("this is printed", file=sys.stdout)
