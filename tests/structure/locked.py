"""What uv.lock and pyproject.toml say about packages."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.structure.source import ROOT


def read_toml(path: str) -> dict[str, Any]:
    """Read a TOML file of the checkout."""
    return tomllib.loads((ROOT / path).read_text("utf-8"))


def locked_versions(folder: str = ".") -> dict[str, str]:
    """Return each locked package's version, by its normalised name."""
    lock = read_toml(str(Path(folder) / "uv.lock"))
    return {package["name"]: package["version"] for package in lock["package"]}


def locked_hashes(folder: str = ".") -> dict[str, set[str]]:
    """Return the hashes of each locked package's files, by its normalised name."""
    lock = read_toml(str(Path(folder) / "uv.lock"))
    return {package["name"]: set(_hashes(package)) for package in lock["package"]}


def requirements() -> dict[str, set[str]]:
    """Return the requirements of requirements.txt, `name==1.0 ; marker`, with their hashes."""
    text = (ROOT / "requirements.txt").read_text("utf-8").replace("\\\n", " ")
    lines = (line.split("--hash=") for line in text.splitlines() if not line.startswith("#"))
    return {pin.strip(): {each.strip() for each in hashes} for pin, *hashes in lines}


def direct_dependencies(folder: str = ".") -> set[str]:
    """Return the normalised names that a pyproject.toml asks for itself, in all its groups."""
    project = read_toml(str(Path(folder) / "pyproject.toml"))
    groups = project.get("dependency-groups", {}).values()
    entries = [*project["project"]["dependencies"], *(entry for group in groups for entry in group)]
    return {name_of(entry) for entry in entries if isinstance(entry, str)}


def name_of(requirement: str) -> str:
    """Return the normalised name (PEP 503) at the start of a requirement."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def deployed_packages(lock: Mapping[str, Any], project: str) -> set[str]:
    """Return the names of all that a project needs to run, its groups left out."""
    packages = {package["name"]: package for package in lock["package"]}
    needed: set[tuple[str, str]] = set()
    waiting = _dependencies(packages[project].get("dependencies", ()))
    while waiting:
        name, extra = found = waiting.pop()
        if found in needed:
            continue
        needed.add(found)
        package = packages[name]
        more = package.get("optional-dependencies", {}).get(extra, ()) if extra else ()
        waiting |= _dependencies((*package.get("dependencies", ()), *more))
    return {name for name, _ in needed}


def _hashes(package: Mapping[str, Any]) -> Iterable[str]:
    files = [*package.get("wheels", ()), *filter(None, [package.get("sdist")])]
    return (file["hash"] for file in files)


def _dependencies(entries: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {(entry["name"], extra) for entry in entries for extra in ("", *entry.get("extra", ()))}
