"""Print the tables of docs/pipelines.md: `python -m dev.tools.pipelines_table`."""

import sys
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.pipelines.models import PipelineFields

UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "m"), (1.0, "s"), (0.001, "ms"))


def pipelines_tables() -> str:
    """A table for each part of a pipeline file, in the order in which they are come across."""
    parts = dict.fromkeys(_parts(PipelineFields))
    return "\n".join(_table(part) for part in parts)


def _parts(part: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield part
    for field in part.model_fields.values():
        for inner in _models(field.annotation):
            yield from _parts(inner)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 (a type expression)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _table(part: type[BaseModel]) -> str:
    title = part.__name__.removesuffix("Fields")
    rows = [
        f"| `{field.alias or name}` | {_default(field)} | {_one_line(field.description)} |"
        for name, field in part.model_fields.items()
    ]
    heading = f"### {title}\n\n{_one_line(part.__doc__)}\n"
    return "\n".join([heading, "| field | default | what it is |", "|---|---|---|", *rows, ""])


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "*needed*"
    value = field.get_default(call_default_factory=True)
    if value in (None, "", [], {}) or isinstance(value, BaseModel):
        return ""
    if isinstance(value, float):
        return f"`{_duration(value)}`"  # nothing else in a pipeline is a fraction
    shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return f"`{str(shown).lower() if isinstance(value, bool) else shown}`"


def _duration(seconds: float) -> str:
    """As somebody would write it: the largest unit that leaves a whole number."""
    for size, unit in UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds * 1000:g}ms"


if __name__ == "__main__":
    sys.stdout.write(pipelines_tables())
