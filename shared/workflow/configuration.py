"""A stage's configuration as JSON: what approvers see, and what their word is bound to."""

import json
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path

from shared.domain.artefacts import digest, plain
from shared.domain.pipeline import Json, Stage

NOT_BINDING = frozenset({"approval", "keep_previous", "allow_entra_token"})
"""Whom to ask, what becomes of the old deployment, and how the endpoint is asked are not what is
approved."""

SAFEGUARDS = frozenset({"max_answer_bytes", "scoring_host", "settle_seconds"})
"""Limits, allowed addresses and patience say how far the deployment is trusted, not what it is:
they always apply as they are now."""


def configuration_of(stage: Stage) -> dict[str, Json]:
    """The stage's configuration, with digests for files, sample request and variables' values.

    It is kept and shown for as long as the release is: values may be secrets, samples personal.

    Raises:
        FileNotFoundError: Scoring code or conda file are not there.
    """
    plain = {
        field.name: _plain(getattr(stage, field.name))
        for field in fields(stage)
        if field.name not in NOT_BINDING
    }
    plain["environment_variables"] = {
        name: sha256(value.encode()).hexdigest()
        for name, value in sorted(stage.environment_variables.items())
    }
    request = json.dumps(stage.health.sample_request, sort_keys=True).encode()
    health = plain["health"]
    assert isinstance(health, dict)
    health["sample_request"] = {"sha256": sha256(request).hexdigest(), "bytes": len(request)}
    return {name: value for name, value in plain.items() if value is not None}


def configuration_digest(stage: Stage) -> str:
    """A digest of the configuration; another one where files that it refers to are gone."""
    try:
        return digest(configuration_of(stage))
    except FileNotFoundError:
        return "incomplete"


def _plain(value: object) -> Json:
    """As `plain`, and files by name and content."""
    if isinstance(value, Path):
        return {"name": value.name, "sha256": _content_digest(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.name not in SAFEGUARDS
        }
    return plain(value)


def _content_digest(path: Path) -> str:
    """SHA-256 over a file, or over the names and contents of all files of a folder."""
    if path.is_file():
        return sha256(path.read_bytes()).hexdigest()
    if not path.is_dir():
        raise FileNotFoundError(path)
    whole = sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            whole.update(file.relative_to(path).as_posix().encode() + b"\0")
            whole.update(sha256(file.read_bytes()).digest())
    return whole.hexdigest()
