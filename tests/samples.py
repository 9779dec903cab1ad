"""The sample of the settings, as it is and as somebody would fill it in."""

import json
import re
from hashlib import sha256

from tests.structure.source import ROOT

PLACEHOLDER = re.compile(r"<[^>]*>")
TEXT = (ROOT / "local.settings.sample.json").read_text("utf-8")


def sample() -> dict[str, str]:
    """The values of `local.settings.sample.json`, with their placeholders."""
    values: dict[str, str] = json.loads(TEXT)["Values"]
    return values


def filled_sample() -> dict[str, str]:
    """The same with something of its own in place of everything that is in brackets."""
    text = PLACEHOLDER.sub(lambda found: sha256(found[0].encode()).hexdigest(), TEXT)
    values: dict[str, str] = json.loads(text)["Values"]
    return values
