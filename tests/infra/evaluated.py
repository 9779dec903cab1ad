"""Deployments of every shape as the compiler evaluates them: read from the committed snapshots."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from dev.tools.bicep import INFRA, SHAPES

NAMES = sorted(file.name.removesuffix(".bicepparam") for file in SHAPES.glob("*.bicepparam"))
DEPLOYMENTS = [name for name in NAMES if name != "subscription"]
"""The shapes of the whole; `subscription` is deployed after the code."""

type Resource = dict[str, Any]


@cache
def shape(name: str) -> dict[str, Any]:
    """What a deployment of a shape creates (`predictedResources`) and says (`outputs`)."""
    evaluated: dict[str, Any] = json.loads((SHAPES / f"{name}.snapshot.json").read_text("utf-8"))
    return evaluated


def resources(name: str, type_: str = "") -> list[Resource]:
    """A shape's resources, of one type where one is named."""
    found: list[Resource] = shape(name)["predictedResources"]
    return [each for each in found if type_ in ("", each["type"])]


def resource(name: str, type_: str, ending: str = "") -> Resource:
    """The only resource of a type whose name ends so."""
    (found,) = [each for each in resources(name, type_) if each["name"].endswith(ending)]
    return found


def settings(name: str) -> dict[str, str]:
    """The app settings."""
    properties: dict[str, str] = resource(name, "Microsoft.Web/sites/config", "/appsettings")[
        "properties"
    ]
    return properties


def texts(value: object) -> Iterator[str]:
    """Every text in a document."""
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from texts(each)
        case list():
            for each in value:
                yield from texts(each)


@cache
def role_names() -> dict[str, str]:
    """The roles in `roles.bicep` by their ids."""
    source = (INFRA / "roles.bicep").read_text("utf-8")
    return {id_: name for name, id_ in re.findall(r"(\w+): '([0-9a-f-]{36})'", source)}


def custom_roles(name: str) -> dict[str, Resource]:
    """The roles that a shape makes, by their names without what makes them unique."""
    made = resources(name, "Microsoft.Authorization/roleDefinitions")
    return {each["properties"]["roleName"].partition(" (")[0]: each for each in made}


def role_of(name: str, assignment: Resource) -> str:
    """The role that an assignment of a shape is of."""
    id_ = assignment["properties"]["roleDefinitionId"]
    for role, made in custom_roles(name).items():
        if made["name"].strip("[]") in id_:
            return role
    (role_id,) = re.findall(r"[/'](\w{8}-[\w-]{27})(?:'\)\])?$", id_)
    return role_names()[role_id]


def bicep_files() -> list[Path]:
    """Every template."""
    return sorted(INFRA.rglob("*.bicep"))
