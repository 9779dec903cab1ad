"""The sample of the settings, filled in."""

import json
import re

from tests.structure.source import ROOT

PLACEHOLDER = re.compile(r"<[^>]*>")


def filled_sample() -> dict[str, str]:
    """The values of `local.settings.sample.json` with something in place of what is in brackets."""
    text = (ROOT / "local.settings.sample.json").read_text("utf-8")
    values = json.loads(PLACEHOLDER.sub("0" * 32, text))["Values"]
    assert isinstance(values, dict)
    return values
