"""The published interface and recorded traffic, where they are at hand."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

_VARIABLE = "MODELGATE_REFERENCE"


def folder() -> Path:
    """The folder of reference material; skips the test where there is none."""
    path = os.environ.get(_VARIABLE)
    if not path:
        pytest.skip(f"{_VARIABLE} does not say where the published interface is")
    return Path(path)


def recording(name: str) -> list[dict[str, Any]]:
    """The entries of one file of recorded Azure ML traffic."""
    raw = json.loads((folder() / "real-traffic" / "aml" / name).read_text())
    entries: list[dict[str, Any]] = raw["Entries"] if isinstance(raw, dict) else raw
    return entries


def _retrieve(uri: str) -> Resource[Any]:
    contents = _open(json.loads(Path(uri.removeprefix("file://")).read_text()))
    return Resource.from_contents(contents, default_specification=DRAFT4)


def _open(schema: Any) -> Any:  # noqa: ANN401 (JSON)
    """Allow additional properties: a type that extends another could have none otherwise."""
    if isinstance(schema, list):
        return [_open(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _open(item) for name, item in schema.items()}
    return {n: v for n, v in kept.items() if (n, v) != ("additionalProperties", False)}


_REGISTRY: Registry[Any] = Registry(
    retrieve=_retrieve,  # type: ignore[call-arg]  # mypy misses the alias that attrs gives it
)


@cache
def swaggers(api_version: str) -> list[tuple[Path, dict[str, Any]]]:
    """The OpenAPI files of one api-version."""
    found = sorted((folder() / "openapi").rglob(f"{api_version}/*.json"))
    return [(path, json.loads(path.read_text())) for path in found]


def response_schema(
    method: str, path: str, api_version: str, status: int
) -> tuple[bool, dict[str, Any] | None]:
    """Whether the interface declares this answer, and the schema of its body if it has one.

    An error is declared by the `default` answer.
    """
    for file, swagger in swaggers(api_version):
        for template, operations in swagger.get("paths", {}).items():
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
            if not re.fullmatch(pattern, path) or method.lower() not in operations:
                continue
            responses = operations[method.lower()]["responses"]
            declared = responses.get(str(status)) or (
                responses["default"] if status > 399 else None
            )
            if declared is None:
                return False, None
            schema = declared.get("schema")
            return True, _absolute(schema, file) if schema else None
    return False, None


def definition(api_version: str, name: str) -> dict[str, Any]:
    """The schema of a named type."""
    for file, swagger in swaggers(api_version):
        if name in swagger.get("definitions", {}):
            return {"$ref": f"file://{file}#/definitions/{name}"}
    raise LookupError(name)


def _absolute(schema: dict[str, Any], file: Path) -> dict[str, Any]:
    reference: str = schema["$ref"]
    name, _, fragment = reference.partition("#")
    target = (file.parent / name).resolve() if name else file
    return {"$ref": f"file://{target}#{fragment}"}


def violations(body: object, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a body; absent values may be null, as the service answers."""
    validator = Draft4Validator(schema, registry=_REGISTRY)
    errors = validator.iter_errors(_without_nulls(body))
    return [f"{error.json_path}: {error.message}" for error in errors]


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
