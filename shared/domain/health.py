"""Whether a deployment's answer is good enough."""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from math import isfinite
from typing import Final

from shared.domain.limits import NUMBER_DIGITS, SHOWN_CHARACTERS
from shared.domain.pipeline import Health, Json
from shared.domain.release import Probe
from shared.domain.untrusted import UnreadableError, parse_json

KINDS: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "any": (object,),
}
"""The words that a shape is made of. A number is finite: JSON has no NaN and no Infinity, which a
model answers that has computed nothing of use."""

SHOWN_PROBLEMS: Final = 5
"""Of a list; the others are like them."""

ERROR_TEXT: Final = re.compile(r"\s*(Traceback \(most recent call last\)|[\w.]*(Error|Exception):)")
"""How a scoring script begins that answers with the text of what it has caught, as AutoML's do
(`DataException:\\n\\tMessage: …`)."""


def judge(health: Health, *, status: int, latency_seconds: float, body: Json) -> Probe:
    """The verdict over one answer to the sample request.

    Args:
        health: What the stage asks for.
        status: HTTP status.
        latency_seconds: From the request's first byte to the answer's last.
        body: The parsed answer; a string where it was no JSON. So a plain text passes for a
            string, and where no shape is asked for, any answer passes that tells of no error.
    """
    problems = []
    if status != health.expected_status:
        problems.append(f"answered {status} instead of {health.expected_status}")
    else:
        problems += _body_problems(body, health.expected_shape, is_success=status < 400)
    limit = health.max_latency_seconds
    if limit is not None and latency_seconds > limit:
        problems.append(f"took {latency_seconds:.2f} s; the limit is {limit:g} s")
    return Probe(status=status, latency_seconds=latency_seconds, problems=tuple(problems))


def shape_problems(value: Json, shape: Json, where: str = "answer") -> list[str]:
    """Where `value` departs from `shape`; empty when it fits.

    A shape is one of the words in `KINDS`; a list of one shape, for a list that is not empty and
    whose every item fits it; or an object whose keys must all be there (others may be, too).
    """
    if isinstance(shape, str):
        return [] if _is_kind(value, shape) else [f"{where} is {_name(value)} instead of {shape}"]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where} is {_name(value)} instead of a list"]
        if not value:
            return [f"{where} is an empty list"]
        return list(islice(_item_problems(value, shape[0], where), SHOWN_PROBLEMS))
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{where} is {_name(value)} instead of an object"]
        return [
            problem
            for key, inner in shape.items()
            for problem in (
                shape_problems(value[key], inner, f"{where}.{key}")
                if key in value
                else [f"{where} has no {key!r}"]
            )
        ]
    return [] if value == shape else [f"{where} is {_shown(value)} instead of {shape!r}"]


def _body_problems(body: Json, shape: Json, *, is_success: bool) -> list[str]:
    """What is wrong with an answer of the expected status.

    Scoring scripts of AutoML's form answer a JSON text, which the server puts into a JSON string,
    and tell errors with status 200.
    """
    inside = _inside(body)
    error = _error_in(inside, shape) if is_success else None
    if error is not None:
        return [f"answered with an error: {error}"]
    if shape is None:
        return []
    return shape_problems(body if isinstance(shape, str) else inside, shape)


def _inside(body: Json) -> Json:
    """What a string holds as JSON, where that is an object or a list; else the answer itself."""
    if isinstance(body, str) and body.lstrip()[:1] in ("{", "["):
        with suppress(UnreadableError):
            return parse_json(body)
    return body


def _error_in(answer: Json, shape: Json) -> str | None:
    """The error that an answer tells of, as it stands in a sentence; None without one.

    A shape with an `error` member says that the pipeline expects one.
    """
    if isinstance(answer, dict) and answer.get("error"):
        is_expected = isinstance(shape, dict) and "error" in shape
        return None if is_expected else _shown(answer["error"])
    is_error = isinstance(answer, str) and ERROR_TEXT.match(answer)
    return _shown(answer) if is_error else None


def _item_problems(items: list[Json], shape: Json, where: str) -> Iterator[str]:
    for position, item in enumerate(items):
        yield from shape_problems(item, shape, f"{where}[{position}]")


def _shown(value: Json) -> str:
    """A value as it stands in a sentence: a model may answer one of any size."""
    if isinstance(value, str):
        return repr(value) if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]!r}…"
    is_short = not isinstance(value, int) or abs(value) < 10**NUMBER_DIGITS
    return _name(value) if isinstance(value, dict | list) or not is_short else repr(value)


def _is_kind(value: Json, kind: str) -> bool:
    if kind in ("number", "integer") and isinstance(value, bool):
        return False
    if kind == "number" and _is_not_finite(value):
        return False
    return isinstance(value, KINDS[kind])


def _is_not_finite(value: Json) -> bool:
    return isinstance(value, float) and not isfinite(value)


def _name(value: Json) -> str:
    if _is_not_finite(value):
        return f"{value}, which no JSON holds,"
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")
