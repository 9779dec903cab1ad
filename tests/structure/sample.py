"""`local.settings.sample.json`, as it is and as somebody would fill it in."""

import json
import re
from hashlib import sha256

from tests.structure.source import ROOT

TEXT = (ROOT / "local.settings.sample.json").read_text("utf-8")


def sample() -> dict[str, str]:
    """The settings with their placeholders."""
    values: dict[str, str] = json.loads(TEXT)["Values"]
    return values


def filled_in() -> dict[str, str]:
    """The settings with something of its own for every placeholder."""
    text = re.sub(r"<[^>]*>", lambda found: sha256(found[0].encode()).hexdigest(), TEXT)
    values: dict[str, str] = json.loads(text)["Values"]
    return values
