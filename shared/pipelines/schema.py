"""The JSON Schema of pipeline files, for editors."""

from shared.domain.pipeline import Json
from shared.pipelines.models import PipelineFields

SETTING: dict[str, Json] = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"}
"""Settings are put in before a file is checked, so `${NAME}` may stand for any plain value."""

PLAIN = ("boolean", "integer", "number")


def pipeline_schema() -> Json:
    """What a pipeline file looks like, before its settings are put in."""
    return _open_to_settings(PipelineFields.model_json_schema())


def _open_to_settings(schema: Json) -> Json:
    if isinstance(schema, list):
        return [_open_to_settings(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {name: _open_to_settings(inner) for name, inner in schema.items()}
    if not isinstance(opened.get("default", ""), str | int):
        del opened["default"]  # durations and whole parts are in the program's units, not a file's
    if opened.get("type") in PLAIN or "pattern" in opened or "enum" in opened:
        return {"anyOf": [opened, dict(SETTING)]}
    return opened
