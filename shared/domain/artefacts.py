"""The files of a model, and what makes two sets of them the same."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, time
from enum import Enum
from hashlib import sha256

from shared.domain.pipeline import Json


@dataclass(frozen=True, slots=True, order=True)
class Artefact:
    """One file of a model in blob storage."""

    name: str
    """Path below the model's own, with `/`; the file's name where the model is one file."""

    size: int
    """Bytes."""

    etag: str
    md5: str | None = None
    """Base64, where the service stores one."""


def artefact_digest(artefacts: Iterable[Artefact]) -> str:
    """A digest over names, sizes and etags: changes when any file is written again."""
    return digest([[file.name, file.size, file.etag] for file in sorted(artefacts)])


def digest(value: Json) -> str:
    """SHA-256 (hex) over the canonical JSON of a value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def plain(value: object) -> Json:
    """A value of the domain as JSON: dataclasses by field, enums by value, times in UTC."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    assert value is None or isinstance(value, bool | int | float | str)
    return value


def copy_problems(source: Iterable[Artefact], copied: Iterable[Artefact]) -> list[str]:
    """What a copy lacks; empty when count, names, sizes and stored MD5s agree."""
    wanted = {file.name: file for file in source}
    found = {file.name: file for file in copied}
    problems = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    problems += [f"{name} is not the source's" for name in sorted(found.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & found.keys()):
        before, after = wanted[name], found[name]
        if before.size != after.size:
            problems.append(f"{name} has {after.size} bytes instead of {before.size}")
        elif before.md5 and after.md5 and before.md5 != after.md5:
            problems.append(f"{name} has another MD5 than its source")
    return problems
