"""A file that every change is appended to, one JSON line each, and that is read at start."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """Changes by kind, in `eventgrid.jsonl`; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "eventgrid.jsonl" if folder else None
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def read(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every change, oldest first; a last line that a kill cut short is taken out."""
        if self._path is None or not self._path.exists():
            return
        whole, _, cut = self._path.read_text("utf-8").rpartition("\n")
        if cut:
            self._path.write_text(f"{whole}\n" if whole else "", "utf-8")
        for line in whole.splitlines():
            change = json.loads(line)
            yield change["kind"], change["record"]

    def append(self, kind: str, record: dict[str, Any]) -> None:
        """Notes a change before it is answered for."""
        if self._path is None:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, "record": record}) + "\n")

    def clear(self) -> None:
        """Forgets everything."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
