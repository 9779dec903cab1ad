"""Reading YAML with the line of every field, and with settings put in for `${NAME}`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import yaml

from shared.domain.limits import NUMBER_DIGITS, YAML_DEPTH, YAML_NODES
from shared.domain.pipeline import Json
from shared.domain.untrusted import legible

type Location = tuple[str | int, ...]

TOO_DEEP = f"is nested more than {YAML_DEPTH} levels deep, or an alias stands in what it names"

UNREADABLE = (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, ValueError)
"""What PyYAML raises for a scalar that is not what its tag says: `2026-02-30`, `!!bool maybe`."""

HALVES = re.compile("[\ud800-\udfff]")

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
        loader, node = _composed(file)
        if node is None:
            raise _UnreadableError(1, "is empty")
        document.data = _Reader(document, loader, settings).read(node, ())
    except _UnreadableError as error:
        document.problems.append(Problem(file, error.line, "", str(error)))
    return document


class _UnreadableError(Exception):
    """A file that is not read any further."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _composed(file: Path) -> tuple[yaml.SafeLoader, yaml.Node | None]:
    """The file's loader and its topmost node; None where it is empty."""
    text = _text(file)
    try:
        loader = yaml.SafeLoader(text)
        return loader, _single_node(loader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"cannot be read: U+{ord(text[error.position]):04X} may not stand in YAML"
        raise _UnreadableError(line, message) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _UnreadableError(line, f"is no YAML: {error.problem}") from error


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _UnreadableError(1, f"cannot be read: {error}") from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _UnreadableError(line, "cannot be read: it is no UTF-8") from error


def _single_node(loader: yaml.SafeLoader) -> yaml.Node | None:
    try:
        node: yaml.Node | None = loader.get_single_node()
    except RecursionError as error:
        raise _UnreadableError(loader.line + 1, TOO_DEEP) from error
    except (ValueError, OverflowError) as error:  # numbers in escapes and in %YAML
        raise _UnreadableError(loader.line + 1, "is no YAML") from error
    return node


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
        self._left = YAML_NODES

    def read(self, node: yaml.Node, at: Location) -> Json:
        self._left -= 1
        if self._left < 0:
            self._give_up(node, f"holds more than {YAML_NODES:,} values, with what aliases name")
        if len(at) > YAML_DEPTH:
            # so is an alias within what it names
            self._give_up(node, TOO_DEEP)
        self._document.lines[at] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*at, position)) for position, item in enumerate(node.value)]
        return self._scalar(node, at)

    def _scalar(self, node: yaml.Node, at: Location) -> Json:
        try:
            value = self._loader.construct_object(node)
        except UNREADABLE:
            self._problem(at, f"cannot be read: {legible(node.value)}")
            return None
        if isinstance(value, str):
            return self._filled_in(value, at) if self._is_unicode(value, at) else None
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float) and ":" not in node.value:
            return self._number(value, node, at)
        return str(node.value)  # dates stay the text that they were, and 17:00, in YAML a number

    def _number(self, value: float, node: yaml.Node, at: Location) -> Json:
        if isinstance(value, int) and abs(value) >= 10**NUMBER_DIGITS:
            self._problem(at, f"has more than {NUMBER_DIGITS} digits: {legible(node.value)}")
            return None
        return value

    def _mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Json]:
        data: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(at, "has a key that is no text")
                continue
            key = str(key_node.value)
            is_repeated = key in data
            data[key] = self.read(value_node, (*at, key))
            self._document.lines[*at, key] = key_node.start_mark.line + 1
            if is_repeated:
                self._problem((*at, key), "is there twice")
        return data

    @staticmethod
    def _give_up(node: yaml.Node, message: str) -> NoReturn:
        raise _UnreadableError(node.start_mark.line + 1, message)

    def _is_unicode(self, text: str, at: Location) -> bool:
        """Whether no escape stands for half a character, which no service would take."""
        is_unicode = not HALVES.search(text)
        if not is_unicode:
            self._problem(at, f"holds text that is no Unicode: {legible(text)}")
        return is_unicode

    def _filled_in(self, text: str, at: Location) -> str:
        def setting(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in self._settings:
                self._problem(at, f"there is no setting {name} for ${{{name}}}")
            return self._settings.get(name, match.group())

        return REFERENCE.sub(setting, text)

    def _problem(self, at: Location, message: str) -> None:
        self._document.problems.append(self._document.problem(at, message))
