"""Reading a `ModelRegistered` event, and deciding which pipelines take it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain.pipeline import Json, Pipeline
from shared.domain.release import ModelVersion

MODEL_REGISTERED = "Microsoft.MachineLearningServices.ModelRegistered"

WORKSPACE_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Registration:
    """A model version that was registered, as the event tells it."""

    event_id: str
    at: datetime
    workspace: str
    """ARM id."""

    model: ModelVersion
    tags: Mapping[str, str]


class MalformedEventError(Exception):
    """An event that no redelivery would make readable; says what is wrong with it."""


def read_event(
    *, event_id: str | None, type_: str | None, source: str | None, at: datetime | None, data: Json
) -> Registration:
    """The registration that an event tells of.

    Both spellings of the fields and both types of the version occur: documentation samples have
    `ModelName` and an integer, SDK models `modelName` and a string (Event Grid's published schema
    and Azure's SDK tests).

    Args:
        event_id: The event's id.
        type_: Event type (`eventType`, or CloudEvents' `type`).
        source: Event Grid's `topic`, or CloudEvents' `source`; a topic may be followed by a path.
        at: When it happened.
        data: The event's data.

    Raises:
        MalformedEventError: It is not a `ModelRegistered` event, or lacks a part that matters.
    """
    if type_ != MODEL_REGISTERED:
        raise MalformedEventError(f"the event type is {type_}, not {MODEL_REGISTERED}")
    if not event_id:
        raise MalformedEventError("the event has no id")
    if at is None or at.tzinfo is None:
        raise MalformedEventError("the event has no time with a time zone")
    workspace = WORKSPACE_ID.match(source or "")
    if workspace is None:
        raise MalformedEventError(f"the event's source is no Azure ML workspace: {source}")
    if not isinstance(data, dict):
        raise MalformedEventError("the event's data is no object")
    return Registration(
        event_id=event_id,
        at=at,
        workspace=workspace.group(),
        model=ModelVersion(name=_name(data), version=_version(data)),
        tags=_tags(data),
    )


def _either(data: Mapping[str, Json], name: str) -> Json:
    return data.get(name, data.get(name[0].lower() + name[1:]))


def _name(data: Mapping[str, Json]) -> str:
    name = _either(data, "ModelName")
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise MalformedEventError("the event's data has no ModelName")
    return name


def _version(data: Mapping[str, Json]) -> str:
    version = _either(data, "ModelVersion")
    if isinstance(version, bool) or not isinstance(version, int | str):
        raise MalformedEventError("the event's data has no ModelVersion, as text or whole number")
    if not str(version).strip() or not str(version).isprintable():
        raise MalformedEventError("the event's data has no ModelVersion, as text or whole number")
    return str(version)


def _tags(data: Mapping[str, Json]) -> dict[str, str]:
    tags = _either(data, "ModelTags")
    if tags is None:
        return {}
    if not isinstance(tags, dict):
        raise MalformedEventError("the event's ModelTags are no object")
    return {name: "" if value is None else str(value) for name, value in tags.items()}


def takers(
    pipelines: Iterable[Pipeline], registration: Registration
) -> tuple[list[Pipeline], list[str]]:
    """The pipelines that take a registration, and why each of the others does not."""
    taken: list[Pipeline] = []
    refusals: list[str] = []
    for pipeline in pipelines:
        if pipeline.source.is_named_by(registration.workspace):
            refusal = pipeline.refusal(model_name=registration.model.name, tags=registration.tags)
        else:
            refusal = f"pipeline {pipeline.name} takes models of workspace {pipeline.source.name}"
        if refusal is None:
            taken.append(pipeline)
        else:
            refusals.append(refusal)
    return taken, refusals
