"""Ports and secrets that a stack keeps from one start to the next."""

from __future__ import annotations

import json
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


@dataclass
class Memory:
    """Ports and secrets that stay the same from one start to the next."""

    file: Path
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Memory:
        """Read what an earlier start wrote, if there was one."""
        file = folder / "stack.json"
        values = json.loads(file.read_text()) if file.exists() else {}
        return cls(file, values)

    def port(self, name: str) -> int:
        """The port of that name; another one where it is taken."""
        known = self.values.get(f"{name}_port", 0)
        self.values[f"{name}_port"] = port = known if _is_free(known) else _free_port()
        return int(port)

    def secret(self, name: str) -> str:
        """The secret of that name: 64 hexadecimal characters."""
        return str(self.values.setdefault(f"{name}_key", secrets.token_hex(32)))

    def save(self) -> None:
        """Write it down, for this user alone."""
        self.file.touch(mode=0o600)
        self.file.write_text(json.dumps(self.values, indent=2))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return port != 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
