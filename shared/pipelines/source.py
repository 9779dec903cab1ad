"""Reading YAML with the line of every field, and with settings put in for `${NAME}`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from shared.domain.pipeline import Json

type Location = tuple[str | int, ...]

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a pipeline file."""

    file: Path
    line: int
    """Counts from 1."""

    field: str
    """The field's path, for example `stages[1].health.timeout`; empty for the whole file."""

    message: str

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}: {where}{self.message}"


@dataclass(slots=True)
class Document:
    """A YAML file as data, knowing where each field stands."""

    file: Path
    data: Json = None
    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, location: Sequence[str | int], message: str) -> Problem:
        """A problem at a field, or at the closest field around it that stands in the file."""
        known = self.known(location)
        return Problem(self.file, self.lines.get(known, 1), spelled(known), message)

    def known(self, location: Sequence[str | int]) -> Location:
        """The parts of a location that the file has; a missing field is added at its parent."""
        known: Location = ()
        for part in location:
            if (*known, part) in self.lines:
                known = (*known, part)
        return known


def read(file: Path, settings: Mapping[str, str]) -> Document:
    """Read a YAML file; what is wrong with its text is in the document's `problems`."""
    document = Document(file)
    try:
        loader = yaml.SafeLoader(file.read_text(encoding="utf-8"))
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        document.problems.append(Problem(file, line, "", f"is no YAML: {error.problem}"))
        return document
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        document.problems.append(Problem(file, 1, "", f"cannot be read: {error}"))
        return document
    if node is None:
        document.problems.append(Problem(file, 1, "", "is empty"))
        return document
    document.data = _Reader(document, loader, settings).read(node, ())
    return document


def spelled(location: Location) -> str:
    """A location as people write it."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Reader:
    """Turns nodes into data, noting lines."""

    def __init__(
        self, document: Document, loader: yaml.SafeLoader, settings: Mapping[str, str]
    ) -> None:
        self._document = document
        self._loader = loader
        self._settings = settings

    def read(self, node: yaml.Node, at: Location) -> Json:
        self._document.lines[at] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*at, position)) for position, item in enumerate(node.value)]
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):  # an unknown tag, or the 31st of a short month
            self._problem(at, f"cannot be read: {node.value}")
            return None
        if isinstance(value, str):
            return self._filled_in(value, at)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float) and ":" not in node.value:
            return value
        return str(node.value)  # dates stay the text that they were, and 17:00, in YAML a number

    def _mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Json]:
        data: dict[str, Json] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            is_repeated = key in data
            data[key] = self.read(value_node, (*at, key))
            self._document.lines[*at, key] = key_node.start_mark.line + 1
            if is_repeated:
                self._problem((*at, key), "is there twice")
        return data

    def _filled_in(self, text: str, at: Location) -> str:
        def setting(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in self._settings:
                self._problem(at, f"there is no setting {name} for ${{{name}}}")
            return self._settings.get(name, match.group())

        return REFERENCE.sub(setting, text)

    def _problem(self, at: Location, message: str) -> None:
        self._document.problems.append(self._document.problem(at, message))
