"""docs/host.md explains every setting of host.json."""

import json
import re
from collections.abc import Iterator

from tests.structure.source import ROOT


def settings(value: object, path: str = "") -> Iterator[str]:
    """Every path to a value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from settings(inner, f"{path}.{name}" if path else name)
    else:
        yield path


def test_every_setting_is_explained() -> None:
    page = (ROOT / "docs" / "host.md").read_text("utf-8")
    explained = re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)
    there = list(settings(json.loads((ROOT / "host.json").read_text("utf-8"))))
    for path in there:
        assert any(path == name or path.startswith(f"{name}.") for name in explained), path
    for name in explained:
        assert any(path == name or path.startswith(f"{name}.") for path in there), name
