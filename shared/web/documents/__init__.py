"""What programs get: JSON, described field by field in `docs/api.md`.

Never in here: tokens, codes, Azure operation URLs, values of environment variables.
"""

from shared.web.documents.evidence import shown_configuration
from shared.web.documents.parts import moment
from shared.web.documents.releases import (
    event_document,
    ignored_document,
    release_document,
    release_path,
    release_summary,
)

__all__ = [
    "event_document",
    "ignored_document",
    "moment",
    "release_document",
    "release_path",
    "release_summary",
    "shown_configuration",
]
