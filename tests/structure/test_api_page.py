"""docs/api.md has the routes of the function app, and says who needs a key."""

import ast
import re
from dataclasses import dataclass

from openapi_spec_validator import validate

from tests.openapi import description
from tests.structure.source import ROOT

METHODS = {"GET": ("GET",), "POST": ("POST",)}
PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")


@dataclass(frozen=True)
class Route:
    """A route as its decorator has it."""

    name: str
    path: str
    methods: frozenset[str]
    is_open: bool


def routes() -> list[Route]:
    tree = ast.parse((ROOT / "function_app.py").read_text("utf-8"))
    return [
        route_of(function.name, call)
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        for call in function.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "app.route"
    ]


def route_of(name: str, call: ast.Call) -> Route:
    path = ast.literal_eval(call.args[0])
    options = {each.arg: each.value for each in call.keywords}
    named = ast.unparse(options["methods"])
    methods = METHODS.get(named) or tuple(re.findall(r"HttpMethod\.(\w+)", named))
    level = ast.unparse(options["auth_level"]) if "auth_level" in options else ""
    return Route(name, f"/api/{path}", frozenset(methods), level.endswith("ANONYMOUS"))


def documented() -> dict[str, set[str]]:
    """The methods of each path in the page's table."""
    found: dict[str, set[str]] = {}
    for row in re.findall(r"^\| (`(?:GET|POST)[^|]*) \|", PAGE, re.MULTILINE):
        path = re.findall(r"(/api/[^` ]+)", row)[0]
        found.setdefault(path, set()).update(re.findall(r"\b(GET|POST)\b", row))
    return found


def test_the_page_has_every_route_with_its_methods() -> None:
    served: dict[str, set[str]] = {}
    for route in routes():
        served.setdefault(route.path, set()).update(route.methods & {"GET", "POST"})
    assert len(served) == 8
    assert documented() == served


def test_the_description_for_machines_has_them_too() -> None:
    paths = description()["paths"]
    told = {
        (path, method.upper(), operation["operationId"], operation.get("security") == [])
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    served = {
        (route.path, method, route.name, route.is_open)
        for route in routes()
        for method in route.methods & {"GET", "POST"}
    }
    assert told == served
    validate(description())


def test_the_page_says_what_needs_no_key() -> None:
    without = {route.path for route in routes() if route.is_open}
    assert without == {"/api/health", "/api/approvals/{token}"}
    assert "All but\n`/api/health` and the decision page need a function key" in PAGE


def test_looking_is_open_for_all_that_changes_nothing() -> None:
    (looking,) = [route for route in routes() if "HEAD" in route.methods]
    assert looking.path == "/api/approvals/{token}"
    assert looking.methods == {"GET", "HEAD", "OPTIONS"}
