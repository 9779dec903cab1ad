"""Who may import whom: the directions of the design, as data and as checks over one module."""

import sys
from dataclasses import dataclass

from tests.structure.source import Module, Use

ANY = ("",)
"""Every name begins with it."""

PROJECT = ("shared", "dev", "tests", "bench", "function_app")


@dataclass(frozen=True)
class Part:
    """A part of the project and what its modules may import besides the standard library."""

    name: str
    """Dotted prefix of its modules; the longest that fits a module is its part."""
    project: tuple[str, ...]
    """Prefixes of the project's modules."""
    vendors: tuple[str, ...] = ()
    """Prefixes of other people's packages."""


QUIET_LIBRARIES = ("itsdangerous", "jinja2", "markupsafe", "pydantic", "pydantic_core", "yaml")
"""Libraries that reach nothing outside the process."""

ORCHESTRATORS = "shared.workflow.orchestrators"

_CORE = ("shared.domain", "shared.ports")

PARTS = (
    Part("shared", project=()),  # a newcomer imports nothing until it has a line here
    Part("shared.domain", project=("shared.domain",)),
    Part("shared.ports", project=_CORE),
    Part("shared.workflow", project=(*_CORE, "shared.workflow")),
    Part(
        ORCHESTRATORS,
        project=("shared.domain", "shared.workflow.contract", ORCHESTRATORS),
        vendors=("azure.durable_functions", "durabletask"),
    ),
    Part("shared.adapters", project=(*_CORE, "shared.adapters"), vendors=ANY),
    Part("shared.web", project=(*_CORE, "shared.web"), vendors=QUIET_LIBRARIES),
    Part(
        "shared.pipelines",
        project=("shared.domain", "shared.pipelines"),
        vendors=QUIET_LIBRARIES,
    ),
    Part(
        "shared.config",
        project=("shared.domain", "shared.pipelines", "shared.config"),
        vendors=QUIET_LIBRARIES,
    ),
    Part(
        "shared.bindings",
        project=("shared.domain", "shared.web.http"),
        vendors=("azure.functions",),
    ),
    Part("shared.bootstrap", project=("shared",), vendors=ANY),
    Part(
        "function_app",
        project=(
            *_CORE,
            "shared.bindings",
            "shared.bootstrap",
            "shared.config",
            "shared.pipelines",
            "shared.web",
            "shared.workflow",
        ),
        vendors=("azure.durable_functions", "azure.functions", "durabletask"),
    ),
    Part("dev", project=("dev", "shared"), vendors=ANY),
    Part("dev.emulators", project=("dev",), vendors=ANY),
    Part("dev.host", project=("dev",), vendors=ANY),
    Part("dev.serving", project=("dev.serving",), vendors=ANY),
)

READS_SETTINGS = ("shared.config", "shared.bootstrap", "shared.pipelines.__main__")
"""The modules of `shared` that may look at the process's environment."""

_IMPURE_MODULES = frozenset(
    {
        "asyncio", "concurrent", "glob", "http", "io", "multiprocessing", "os", "pathlib",
        "platform", "queue", "random", "secrets", "select", "shutil", "socket", "ssl",
        "subprocess", "tempfile", "threading", "time", "urllib", "uuid", "zoneinfo",
    }
)  # fmt: skip
_IMPURE_CALLS = frozenset(
    {
        "datetime.date.today", "datetime.datetime.now", "datetime.datetime.today",
        "datetime.datetime.utcnow", "hash", "id", "input", "open", "print",
    }
)  # fmt: skip
"""`hash` and `id` differ from one process to the next, so a replay would take another path."""


def find_wrong_imports(module: Module) -> list[str]:
    """Return what a module imports against the directions, one line each."""
    part = part_of(module.name)
    return [_line(module, use) for use in module.imports if not _may_import(part, use.name)]


def find_impurities(module: Module) -> list[str]:
    """Return what would make a replay of an orchestrator differ: clock, chance, I/O, environment.

    Rule: Durable Functions' code constraints for orchestrators.
    """
    if not is_within(module.name, ORCHESTRATORS):
        return []
    imported = [use for use in module.imports if use.name.split(".")[0] in _IMPURE_MODULES]
    called = [use for use in module.calls if use.name in _IMPURE_CALLS]
    return [_line(module, use) for use in (*imported, *called)]


def find_settings_reads(module: Module) -> list[str]:
    """Return where a module of `shared` looks at the environment, unless that is its task."""
    if not is_within(module.name, "shared") or module.name in READS_SETTINGS:
        return []
    names = {"os.environ", "os.environb", "os.getenv", "os.getenvb"}
    return [_line(module, use) for use in (*module.imports, *module.reads) if use.name in names]


def part_of(name: str) -> Part:
    """Return the part that a module belongs to.

    Raises:
        LookupError: it belongs to none.
    """
    fitting = [part for part in PARTS if is_within(name, part.name)]
    if not fitting:
        raise LookupError(name)
    return max(fitting, key=lambda part: len(part.name))


def is_within(name: str, prefix: str) -> bool:
    """Say whether a dotted name is the prefix or lies below it."""
    return not prefix or name == prefix or name.startswith(prefix + ".")


def _may_import(part: Part, name: str) -> bool:
    top = name.split(".")[0]
    if top in PROJECT:
        return any(is_within(name, prefix) for prefix in part.project)
    if top in sys.stdlib_module_names:
        return True
    return any(is_within(name, prefix) for prefix in part.vendors)


def _line(module: Module, use: Use) -> str:
    return f"{module.name}:{use.line}: {use.name}"
