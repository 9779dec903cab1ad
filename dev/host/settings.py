"""What an app's `host.json` and `local.settings.json` say, as far as this host follows them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OVERRIDE = "AzureFunctionsJobHost__"
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")


class SettingsError(Exception):
    """A settings file that cannot be followed; the message names file and reason."""


@dataclass(frozen=True)
class HostSettings:
    """`host.json`, with Azure's defaults for what it leaves out."""

    route_prefix: str
    hub_name: str
    default_version: str | None
    """Stamped by the engine on what clients start without a version."""
    version_match: str
    """`None`, `Strict` or `CurrentOrOlder`."""
    version_failure: str
    """`Reject` or `Fail`."""
    max_activities: int
    max_orchestrators: int
    max_entities: int
    max_grpc_message_bytes: int
    """The limit of the app's channel to the engine, both ways."""
    function_timeout_seconds: float | None
    """None: no limit."""


def read_host_settings(app: Path, environment: Mapping[str, str]) -> HostSettings:
    """Read `host.json`; settings `AzureFunctionsJobHost__a__b` go before it, as in Azure.

    Raises:
        SettingsError: It is not JSON, or a value does not fit.
    """
    document = _read_json(app / "host.json")
    for name, text in environment.items():
        if name.startswith(_OVERRIDE):
            _override(document, name.removeprefix(_OVERRIDE).split("__"), text)
    http, durable = "extensions:http", "extensions:durableTask"
    limit = 10 * (os.cpu_count() or 1)

    def value(path: str, default: Any = None) -> Any:  # noqa: ANN401 (any JSON)
        return _value(document, path, default)

    try:
        return HostSettings(
            route_prefix=str(value(f"{http}:routePrefix", "api")),
            hub_name=str(value(f"{durable}:hubName", "TestHubName")),
            default_version=value(f"{durable}:defaultVersion"),
            version_match=str(value(f"{durable}:versionMatchStrategy", "CurrentOrOlder")),
            version_failure=str(value(f"{durable}:versionFailureStrategy", "Reject")),
            max_activities=int(value(f"{durable}:maxConcurrentActivityFunctions", limit)),
            max_orchestrators=int(value(f"{durable}:maxConcurrentOrchestratorFunctions", limit)),
            max_entities=int(value(f"{durable}:maxConcurrentEntityFunctions", limit)),
            max_grpc_message_bytes=int(value(f"{durable}:maxGrpcMessageSizeInBytes", 4_194_304)),
            function_timeout_seconds=_timeout(str(value("functionTimeout", "00:30:00"))),
        )
    except ValueError as error:
        raise SettingsError(f"host.json: {error}") from error


def read_local_settings(app: Path) -> dict[str, str]:
    """The `Values` of `local.settings.json`, empty without the file.

    Raises:
        SettingsError: It is not JSON, is encrypted, or holds a value that is not a string.
    """
    document = _read_json(app / "local.settings.json")
    if document.get("IsEncrypted"):
        raise SettingsError("local.settings.json: IsEncrypted is not supported")
    values = document.get("Values", {})
    wrong = sorted(name for name, value in values.items() if not isinstance(value, str))
    if wrong:
        raise SettingsError(f"local.settings.json: not strings: {', '.join(wrong)}")
    return dict(values)


def parse_time_span(text: str) -> float | None:
    """Seconds of a .NET time span (`hh:mm:ss`, `d.hh:mm:ss`), else None."""
    match = _TIME_SPAN.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _timeout(text: str) -> float | None:
    if text == "-1":
        return None
    seconds = parse_time_span(text)
    if seconds is None:
        raise ValueError(f"functionTimeout is not a time span: {text}")
    return seconds


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        raise SettingsError(f"{path.name}: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{path.name}: not an object")
    return document


def _value(document: Any, path: str, default: Any) -> Any:  # noqa: ANN401 (any JSON)
    """The value at `a:b:c`; the default where it is missing or null."""
    for name in path.split(":"):
        if not isinstance(document, dict):
            raise ValueError(f"{path} does not lie in objects")
        document = document.get(_key_like(document, name), {})
    return default if document in (None, {}) else document


def _override(document: dict[str, Any], path: list[str], value: str) -> None:
    for name in path[:-1]:
        document = document.setdefault(_key_like(document, name), {})
    document[_key_like(document, path[-1])] = value


def _key_like(document: Mapping[str, Any], name: str) -> str:
    # .NET configuration ignores the case of names.
    return next((key for key in document if key.lower() == name.lower()), name)
