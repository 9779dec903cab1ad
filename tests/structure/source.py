"""What a module's source imports and calls, read without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Use:
    """One name that a module takes from elsewhere: `shared.ports.Services`, `os.environ`."""

    name: str
    line: int


@dataclass(frozen=True)
class Module:
    """One module: its dotted name and its text."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> tuple[Use, ...]:
        """Every import at any depth, in full; those made by name through `importlib` too."""
        return tuple(use for node in ast.walk(self.tree) for use in self._imported_by(node))

    @cached_property
    def calls(self) -> tuple[Use, ...]:
        """Every function called, by its full name where an import or a builtin leads to it."""
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        named = ((self.full_name(call.func), call.lineno) for call in calls)
        return tuple(Use(name, line) for name, line in named if name)

    @cached_property
    def reads(self) -> tuple[Use, ...]:
        """Every plain or dotted name that is used, by its full name."""
        nodes = (n for n in ast.walk(self.tree) if isinstance(n, ast.Name | ast.Attribute))
        named = ((self.full_name(node), node.lineno) for node in nodes)
        return tuple(Use(name, line) for name, line in named if name)

    def full_name(self, node: ast.expr) -> str | None:
        """`dt.now` as `datetime.datetime.now`, given the import; None where no name leads on."""
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            owner = self.full_name(node.value)
            return f"{owner}.{node.attr}" if owner else None
        return None

    @cached_property
    def _aliases(self) -> dict[str, str]:
        aliases: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                base = self._base_of(node)
                aliases |= {a.asname or a.name: f"{base}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Import):
                aliases |= {a.asname: a.name for a in node.names if a.asname}
        return aliases

    def _imported_by(self, node: ast.AST) -> Iterator[Use]:
        if isinstance(node, ast.Import):
            yield from (Use(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = self._base_of(node)
            yield from (Use(f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and self._imports_by_name(node):
            match node.args:
                case [ast.Constant(value=str(name)), *_]:
                    yield Use(name, node.lineno)
                case _:
                    yield Use("(a computed name)", node.lineno)

    def _imports_by_name(self, call: ast.Call) -> bool:
        return self.full_name(call.func) in {"__import__", "importlib.import_module"}

    def _base_of(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        package = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*package, node.module] if node.module else package)


def read_modules(*folders: str) -> list[Module]:
    """Read the modules of folders (or files) of the checkout, but for what was brought there."""
    paths = [path for folder in folders for path in _python_files(ROOT / folder)]
    return [_read(path) for path in sorted(paths)]


def _python_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for found in path.rglob("*.py"):
        if not {".venv", "node_modules"} & set(found.relative_to(ROOT).parts):
            yield found


def _read(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return Module(name, path.read_text("utf-8"), is_package)
