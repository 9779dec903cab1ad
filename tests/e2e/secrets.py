"""What no log may hold."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.e2e.stacks import Stack

SIGNATURE = re.compile(r"[?&]sig=(?!REDACTED)")
"""What makes an address a shared access signature."""


def told_in(log: str, stack_secrets: Mapping[str, str]) -> list[str]:
    """What a log tells that it must not."""
    told = [name for name, secret in stack_secrets.items() if secret in log]
    return told + SIGNATURE.findall(log)


def secrets_of(stack: Stack) -> dict[str, str]:
    """Every secret that a stack has used, by a name to tell it by."""
    return {
        "the function key": stack.facts["function_key"],
        **_link_tokens(stack),
        **_storage_keys(stack),
        **_endpoint_keys(stack),
        **_kept(Path(stack.facts["state_dir"])),
    }


def _link_tokens(stack: Stack) -> dict[str, str]:
    mails = requests.get(f"{stack.facts['mailbox']}/messages", timeout=30).json()
    tokens = {
        word.rpartition("/")[2]
        for mail in mails
        for word in mail["text"].split()
        if "/api/approvals/" in word
    }
    return {f"link token {number}": token for number, token in enumerate(sorted(tokens), start=1)}


def _storage_keys(stack: Stack) -> dict[str, str]:
    keys = {}
    for role, connection in stack.facts["storage"].items():
        parts = dict(part.split("=", 1) for part in connection.split(";") if part)
        keys[f"the storage key of {role}"] = parts["AccountKey"]
    return keys


def _endpoint_keys(stack: Stack) -> dict[str, str]:
    keys = {}
    for role in stack.facts["workspaces"]:
        endpoints = stack.studio.client(role).online_endpoints
        for endpoint in endpoints.list():
            keys[f"the key of {endpoint.name}"] = endpoints.get_keys(endpoint.name).primary_key
    return keys


def _kept(folder: Path) -> dict[str, str]:
    """The secrets that the stack keeps for its next start."""
    kept = json.loads((folder / "stack.json").read_text())
    kept |= json.loads((folder / "host" / "keys.json").read_text())
    return {name: value for name, value in kept.items() if isinstance(value, str)}
