"""Access keys as a function app has them, and who may call what with which."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Keys:
    """The keys of one app."""

    function_key: str
    """The host's `default` key: opens every function of level `function`."""
    master_key: str
    """Opens everything."""
    durabletask_extension: str
    """System key of the Durable management API; opens no function."""
    eventgrid_extension: str
    """System key of the Event Grid webhook; opens no function."""

    @classmethod
    def generate(cls) -> Keys:
        """New random keys."""
        return cls(*(secrets.token_urlsafe(40) for _ in range(4)))

    @classmethod
    def load(cls, state_dir: Path | None) -> Keys:
        """The keys kept in `state_dir`, made there on the first call; without one, new keys."""
        if state_dir is None:
            return cls.generate()
        path = state_dir / "keys.json"
        if path.exists():
            return cls(**json.loads(path.read_text()))
        keys = cls.generate()
        state_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(keys)))
        return keys

    def opens_function(self, auth_level: str, given: str | None) -> bool:
        """Whether the key given opens a function of this level.

        Levels are those of https://learn.microsoft.com/azure/azure-functions/function-keys-how-to;
        one that is unknown stays closed to all but the master key.
        """
        match auth_level.lower():
            case "anonymous":
                return True
            case "function":
                return _is_one_of(given, self.function_key, self.master_key)
            case _:
                return _is_one_of(given, self.master_key)

    def opens_webhook(self, extension: str, given: str | None) -> bool:
        """Whether the key given opens the webhook of `durabletask` or `eventgrid`."""
        system_keys = {
            "durabletask": self.durabletask_extension,
            "eventgrid": self.eventgrid_extension,
        }
        return _is_one_of(given, system_keys[extension], self.master_key)


def key_in(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """The key of a request: header `x-functions-key`, which wins, or query parameter `code`."""
    return headers.get("x-functions-key") or query.get("code")


def _is_one_of(given: str | None, *keys: str) -> bool:
    if not given:
        return False
    return any(hmac.compare_digest(given.encode(), key.encode()) for key in keys)
