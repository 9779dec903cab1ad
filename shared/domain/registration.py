"""Reading a `ModelRegistered` event, and deciding which pipelines take it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.domain.limits import EVENT_ID_CHARACTERS, NUMBER_DIGITS
from shared.domain.names import ASSET_NAME
from shared.domain.pipeline import Json, Pipeline
from shared.domain.release import ModelVersion
from shared.domain.untrusted import legible

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
        at: When it happened; in UTC where it names no zone, as Event Grid's times are
            (azure-functions hands such a time on as it stands).
        data: The event's data.

    Raises:
        MalformedEventError: It is not a `ModelRegistered` event, or a part that matters is not
            there or is not what Azure ML would send.
    """
    if type_ != MODEL_REGISTERED:
        raise MalformedEventError(f"the event type is {_shown(type_)}, not {MODEL_REGISTERED}")
    if not event_id or not isinstance(event_id, str):
        raise MalformedEventError("the event has no id")
    if len(event_id) > EVENT_ID_CHARACTERS or not event_id.isprintable():
        raise MalformedEventError(
            f"the event's id is not one line of at most {EVENT_ID_CHARACTERS} characters"
        )
    if at is None:
        raise MalformedEventError("the event has no time")
    workspace = WORKSPACE_ID.match(source) if isinstance(source, str) else None
    if workspace is None:
        raise MalformedEventError(f"the event's source is no Azure ML workspace: {_shown(source)}")
    if not isinstance(data, dict):
        raise MalformedEventError("the event's data is no object")
    return Registration(
        event_id=event_id,
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        workspace=workspace.group(),
        model=ModelVersion(name=_name(data), version=_version(data)),
        tags=_tags(data),
    )


def _shown(value: object) -> str:
    return str(value) if value is None else legible(value)


def _either(data: Mapping[str, Json], name: str) -> Json:
    return data.get(name, data.get(name[0].lower() + name[1:]))


def _name(data: Mapping[str, Json]) -> str:
    name = _either(data, "ModelName")
    if not isinstance(name, str) or not name.strip():
        raise MalformedEventError("the event's data has no ModelName")
    return _asset(name, "ModelName")


def _version(data: Mapping[str, Json]) -> str:
    version = _text(_either(data, "ModelVersion"), int)
    if version is None or not version.strip():
        raise MalformedEventError("the event's data has no ModelVersion, as text or whole number")
    return _asset(version, "ModelVersion")


def _asset(text: str, field: str) -> str:
    if not ASSET_NAME.fullmatch(text):
        raise MalformedEventError(
            f"the event's {field} is none that Azure ML would take: {legible(text)}"
        )
    return text


def _tags(data: Mapping[str, Json]) -> dict[str, str]:
    tags = _either(data, "ModelTags")
    if tags is None:
        return {}
    if not isinstance(tags, dict):
        raise MalformedEventError("the event's ModelTags are no object")
    texts: dict[str, str] = {}
    for name, value in tags.items():
        text = "" if value is None else _text(value, bool, int, float)
        if text is None:
            raise MalformedEventError(f"the event's tag {legible(name)} is no text")
        texts[name] = text
    return texts


def _text(value: Json, *kinds: type) -> str | None:
    """A text, or a short value of one of `kinds` as text; None for anything else."""
    if isinstance(value, str):
        return value
    if type(value) not in kinds:
        return None
    # Python refuses to write out a number of thousands of digits
    is_long = isinstance(value, int) and abs(value) >= 10**NUMBER_DIGITS
    return None if is_long else str(value)


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
