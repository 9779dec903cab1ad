"""Route templates of HTTP functions, matched and ordered as the Functions host does.

Templates are those of ASP.NET Core: `{id}`, `{id?}`, `{id:int}`, `{id=5}`, `{*rest}`, several
constraints on one parameter, text around parameters. The order is that of
`WebJobsRouteBuilder.RouteComparison`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from urllib.parse import unquote

_PARAMETER = re.compile(
    r"\{(\*{0,2})(\w+)((?:\:\w+(?:\((?:[^()]|\([^()]*\))*\))?)*)(?:=([^}]*))?(\?)?\}"
)
_CONSTRAINT = re.compile(r":(\w+)(?:\(((?:[^()]|\([^()]*\))*)\))?")


class RouteError(ValueError):
    """A template that the Functions host would refuse."""


@dataclass(frozen=True)
class _Parameter:
    name: str
    constraints: Sequence[Callable[[str], bool]]
    default: str | None
    is_optional: bool
    is_rest: bool

    def takes(self, value: str) -> bool:
        return all(constraint(value) for constraint in self.constraints)


@dataclass(frozen=True)
class _Segment:
    """A piece of a template between slashes: literal text and parameters."""

    parts: Sequence[str | _Parameter]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        pieces = (
            re.escape(part) if isinstance(part, str) else f"(?P<{part.name}>.+?)"
            for part in self.parts
        )
        return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)

    @property
    def parameters(self) -> list[_Parameter]:
        return [part for part in self.parts if isinstance(part, _Parameter)]

    def sort_key(self) -> tuple[int, int, str]:
        first = self.parts[0]
        if isinstance(first, str):
            return (0, 0, first.lower())
        return (1, -len(first.constraints), "")

    def match(self, text: str) -> dict[str, str] | None:
        found = self.pattern.fullmatch(text)
        if found is None:
            return None
        values = found.groupdict()
        return values if all(p.takes(values[p.name]) for p in self.parameters) else None


@dataclass(frozen=True)
class Route:
    """A parsed template."""

    segments: Sequence[_Segment]

    @classmethod
    def parse(cls, template: str) -> Route:
        """Parse a template, its prefix included.

        Raises:
            RouteError: A brace or a constraint that is not understood.
        """
        pieces = [piece for piece in template.strip("/").split("/") if piece]
        return cls([_Segment(_parse_parts(piece)) for piece in pieces])

    def sort_key(self) -> tuple[tuple[int, int, str], ...]:
        """Static text before parameters, more constraints first, longer before shorter."""
        return (*(segment.sort_key() for segment in self.segments), (2, 0, ""))

    def match(self, path: str) -> dict[str, str] | None:
        """The route's parameters in a raw (still escaped) path, else None."""
        texts = [_unescape(piece) for piece in path.strip("/").split("/") if piece]
        values: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            first = segment.parts[0]
            if isinstance(first, _Parameter) and first.is_rest:
                values[first.name] = "/".join(texts[index:])
                return values
            found = segment.match(texts[index]) if index < len(texts) else _absent(segment)
            if found is None:
                return None
            values |= found
        return values if len(texts) <= len(self.segments) else None


def _absent(segment: _Segment) -> dict[str, str] | None:
    (part, *rest) = segment.parts
    if rest or isinstance(part, str):
        return None
    if part.default is not None:
        return {part.name: part.default}
    return {} if part.is_optional else None


def _unescape(piece: str) -> str:
    # ASP.NET Core decodes a path except for its escaped slashes.
    return "%2F".join(unquote(part) for part in re.split("%2f", piece, flags=re.IGNORECASE))


def _parse_parts(piece: str) -> list[str | _Parameter]:
    parts: list[str | _Parameter] = []
    position = 0
    for found in _PARAMETER.finditer(piece):
        parts += [piece[position : found.start()]] if found.start() > position else []
        parts.append(_parse_parameter(found))
        position = found.end()
    parts += [piece[position:]] if position < len(piece) else []
    if any(isinstance(part, str) and set(part) & set("{}") for part in parts):
        raise RouteError(f"cannot read the route segment {piece!r}")
    return parts


def _parse_parameter(found: re.Match[str]) -> _Parameter:
    stars, name, constraints, default, mark = found.groups()
    checks = [_constraint(*pair) for pair in _CONSTRAINT.findall(constraints)]
    return _Parameter(name, checks, default, is_optional=bool(mark), is_rest=bool(stars))


def _constraint(name: str, argument: str) -> Callable[[str], bool]:
    simple = _SIMPLE.get(name)
    if simple is not None:
        return simple
    if name == "regex":
        pattern = re.compile(argument.replace("{{", "{").replace("}}", "}"), re.IGNORECASE)
        return lambda value: pattern.search(value) is not None
    try:
        return _BOUNDED[name](*(int(bound) for bound in argument.split(",")))
    except (KeyError, TypeError, ValueError):
        raise RouteError(f"unknown route constraint {name}({argument})") from None


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        try:
            parse(value)
        except (ValueError, ArithmeticError):
            return False
        return True

    return check


def _integer(bits: int) -> Callable[[str], bool]:
    limit = 2 ** (bits - 1)
    return lambda value: bool(re.fullmatch(r"[+-]?\d+", value)) and -limit <= int(value) < limit


_SIMPLE: Mapping[str, Callable[[str], bool]] = {
    "int": _integer(32),
    "long": _integer(64),
    "bool": lambda value: value.lower() in {"true", "false"},
    "alpha": lambda value: re.fullmatch("[a-zA-Z]*", value) is not None,
    "guid": _parses(uuid.UUID),
    "datetime": _parses(datetime.fromisoformat),
    "decimal": _parses(Decimal),
    "double": _parses(float),
    "float": _parses(float),
    "required": bool,
}


def _length(low: int, high: int | None = None) -> Callable[[str], bool]:
    return lambda value: low <= len(value) <= (low if high is None else high)


def _range(low: int, high: int) -> Callable[[str], bool]:
    return lambda value: _integer(64)(value) and low <= int(value) <= high


_BOUNDED: Mapping[str, Callable[..., Callable[[str], bool]]] = {
    "length": _length,
    "minlength": lambda low: lambda value: len(value) >= low,
    "maxlength": lambda high: _length(0, high),
    "range": _range,
    "min": lambda low: _range(low, 2**63),
    "max": lambda high: _range(-(2**63), high),
}
