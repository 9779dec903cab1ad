"""What all fields of a pipeline file are made of: durations, addresses, people, and their base."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    InstanceOf,
    WithJsonSchema,
)

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}

DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")

DAY = 86400.0

ADDRESS = r"[^@\s<>,;]+@[^@\s<>,;]+"

PERSON = re.compile(rf"([^<>]*)<({ADDRESS})>|({ADDRESS})")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a pipeline names."""

    address: str
    """Mail address, lower case."""

    name: str
    """Display name; empty where none is given."""


def seconds(text: object) -> float:
    """The seconds of a duration such as `500ms`, `30m` or `30d`.

    Raises:
        ValueError: It is no such text.
    """
    match = DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("write a duration as a number and ms, s, m, h or d, for example 30m")
    return float(match.group(1)) * UNITS[match.group(2)]


def _address(text: str) -> str:
    if not re.fullmatch(ADDRESS, text):
        raise ValueError("is no mail address")
    return text.lower()


def _distinct(addresses: list[str]) -> list[str]:
    if len(set(addresses)) != len(addresses):
        raise ValueError("names a person twice")
    return addresses


def person(text: object) -> Person:
    """Who is meant by `ada@example.com` or `Ada Lovelace <ada@example.com>`.

    Raises:
        ValueError: It is neither.
    """
    match = PERSON.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("is no mail address, nor one with a name, as in Ada <ada@example.com>")
    name, named, bare = match.groups()
    return Person((named or bare).lower(), " ".join((name or "").replace('"', " ").split()))


Duration = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{DURATION.pattern}$", "examples": ["30s", "30m"]}
    ),
]
Address = Annotated[str, AfterValidator(_address)]
Addresses = Annotated[list[Address], AfterValidator(_distinct)]
PersonField = Annotated[
    InstanceOf[Person],
    BeforeValidator(person),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^([^<>]*<{ADDRESS}>|{ADDRESS})$",
            "examples": ["ada@example.com", "Ada Lovelace <ada@example.com>"],
        }
    ),
]


class Fields(BaseModel):
    """What all parts have in common: unknown fields are errors, texts are not empty."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, str_min_length=1
    )
