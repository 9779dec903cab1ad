"""The `MLmodel` file that MLflow writes beside a model: YAML that describes it.

Whoever registers the model writes it. So of YAML only mappings, lists and texts are read, within
limits and in one pass: an alias or a merge key lets a few lines stand for millions, a tag for any
object, and a text that looks like a date or a number may be none.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from shared.domain.limits import YAML_DEPTH, YAML_NODES
from shared.domain.pipeline import Json
from shared.domain.untrusted import UnreadableError, parse_json

if TYPE_CHECKING:
    from yaml import Event, ScalarEvent

PARTS = ("inputs", "outputs", "params")
"""Of a signature; each is JSON in a YAML string (mlflow.org/docs/latest/ml/model/signatures)."""

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
"""How YAML writes nothing (yaml.org/type/null.html)."""

MERGE = "<<"


def signature_in(text: str) -> Json:
    """The signature that an `MLmodel` file tells; None where it tells none that can be read."""
    try:
        whole = _Reader(text).value()
    except UnreadableError:
        return None
    signature = whole.get("signature") if isinstance(whole, dict) else None
    if not isinstance(signature, dict):
        return None
    parts = {name: _part(signature.get(name)) for name in PARTS}
    return {name: part for name, part in parts.items() if part is not None} or None


def _part(value: Json) -> Json:
    if not isinstance(value, str):
        return None
    with suppress(UnreadableError):
        return parse_json(value)
    return value


class _Reader:
    """Reads YAML's events; every scalar is a text, or None where it is YAML's null."""

    def __init__(self, text: str) -> None:
        self._events = _events(text)
        self._left = YAML_NODES

    def value(self) -> Json:
        """The value of the text's one document; None where there is none.

        Raises:
            UnreadableError: It is no YAML, or more than is read of it.
        """
        from yaml import StreamEndEvent

        next(self._events)
        if isinstance(next(self._events), StreamEndEvent):
            return None
        value = self._node(next(self._events), YAML_DEPTH)
        next(self._events)
        if not isinstance(next(self._events), StreamEndEvent):
            raise UnreadableError("holds more than one document")
        return value

    def _node(self, event: "Event", depth: int) -> Json:
        from yaml import MappingStartEvent, ScalarEvent

        self._left -= 1
        if self._left < 0:
            raise UnreadableError("holds too many values")
        if getattr(event, "anchor", None) or getattr(event, "tag", None):  # an alias has an anchor
            raise UnreadableError("holds anchors, aliases or tags")
        if isinstance(event, ScalarEvent):
            return None if _is_plain(event) and event.value in NULLS else str(event.value)
        if depth == 0:
            raise UnreadableError("is nested too deeply")
        if isinstance(event, MappingStartEvent):
            return self._mapping(depth - 1)
        return self._sequence(depth - 1)

    def _sequence(self, depth: int) -> Json:
        from yaml import SequenceEndEvent

        items: list[Json] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, depth))
        return items

    def _mapping(self, depth: int) -> Json:
        from yaml import MappingEndEvent, ScalarEvent

        values: dict[str, Json] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or (_is_plain(event) and event.value == MERGE):
                raise UnreadableError("holds keys that are no texts")
            self._node(event, depth)
            values[str(event.value)] = self._node(next(self._events), depth)
        return values


def _is_plain(event: "ScalarEvent") -> bool:
    """Whether a scalar stands without quotes: only then may it be more than a text."""
    return bool(event.implicit[0])


def _events(text: str) -> "Iterator[Event]":
    """What the text holds, in its order; read by libyaml where PyYAML has it.

    Raises:
        UnreadableError: It is no YAML.
    """
    import yaml  # imported here: only activities that ask people read one

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # numbers of escapes, too
        raise UnreadableError("is no YAML") from error
