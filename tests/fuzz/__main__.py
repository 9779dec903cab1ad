"""`make fuzz TARGET=redaction SECONDS=60`: atheris looks for texts that a parser trips over.

By hand, beside the tests that hypothesis makes up. What it finds becomes a case in a test of the
parser. A target may refuse a text in its own words; anything else that it raises is a finding.
"""

import importlib
import json
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

atheris: Any = importlib.import_module("atheris")  # not among this project's packages

with atheris.instrument_imports(include=["shared", "yaml", "json"]):
    from shared.adapters.azureml.failures import answer_failure
    from shared.adapters.azureml.operations import Kind, Started, status_of
    from shared.adapters.mlmodel import signature_in
    from shared.adapters.redaction import error_text, log_text, without_secrets
    from shared.domain.health import shape_problems
    from shared.domain.pipeline import Workspace
    from shared.domain.registration import MODEL_REGISTERED, MalformedEventError, read_event
    from shared.domain.untrusted import UnreadableError, parse_json
    from shared.pipelines import InvalidPipelinesError, load_pipelines

HERE = Workspace("s", "g", "w")
SECRET = "password='s3cr3t'"
FOLDER = Path(tempfile.mkdtemp())


def redaction(text: str) -> None:
    """A secret in the middle of anything stays one."""
    half = len(text) // 2
    planted = text[:half].replace("s3cr3t", "") + SECRET + text[half:].replace("s3cr3t", "")
    for shown in (without_secrets(planted), error_text(planted), log_text(planted)):
        assert "s3cr3t" not in shown


def mlmodel(text: str) -> None:
    """Any `MLmodel` file."""
    json.dumps(signature_in(text), ensure_ascii=False).encode()


def arm(text: str) -> None:
    """Any answer of ARM's with an error's status."""
    assert len(answer_failure("Endpoint ep", HERE, 400, text).message) < 1_500


def operation(text: str) -> None:
    """Any answer of an operation."""
    status_of(Started(Kind.ENDPOINT, "ep", None), text)


def event(text: str) -> None:
    """Any event's data."""
    with suppress(UnreadableError, MalformedEventError):
        at = datetime(2026, 11, 2, tzinfo=UTC)
        source, data = HERE.arm_id, parse_json(text)
        read_event(event_id="x", type_=MODEL_REGISTERED, source=source, at=at, data=data)


def shape(text: str) -> None:
    """Any answer, against a shape with everything in it."""
    with suppress(UnreadableError):
        told = shape_problems(parse_json(text), {"a": [{"b": ["number"]}], "c": "string", "d": 1})
        assert all(len(problem) < 1_000 for problem in told)


def pipeline(text: str) -> None:
    """Any pipeline file."""
    (FOLDER / "one.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(InvalidPipelinesError):
        load_pipelines(FOLDER, {})


TARGETS: dict[str, Callable[[str], None]] = {
    target.__name__: target
    for target in (redaction, mlmodel, arm, operation, event, shape, pipeline)
}


def main() -> None:
    """Fuzz one target; the other arguments are libFuzzer's."""
    name, *options = sys.argv[1:] or [""]
    if name not in TARGETS:
        sys.exit(f"name one of {', '.join(TARGETS)}")

    def one(data: bytes) -> None:
        TARGETS[name](data.decode("utf-8", "surrogateescape"))

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


main()
