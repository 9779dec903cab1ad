"""How much of what registrants made is taken in: every size, count, depth and time, in one place.

Whoever may register a model chooses its files, their names, its tags, what its container answers
and what it logs. None of it may cost the service more than is written here. `docs/limits.md` says
what happens at each.
"""

from typing import Final

ANSWER_BYTES: Final = 1_000_000
"""Of a scoring answer, after decompression, where the pipeline sets no `max_answer`."""

LARGEST_ANSWER_BYTES: Final = 4_000_000
"""The most that `max_answer` may say: parsed, an answer takes up to twenty times as much memory."""

ARM_ANSWER_BYTES: Final = 8_000_000
"""Of one answer of Azure Resource Manager, after decompression. Its lists come in pages."""

ERROR_CHARACTERS: Final = 16_000
"""Of an error's words that are looked through; what is shown is shorter."""

LOG_CHARACTERS: Final = 64_000
"""Of a container's log that are looked through, from its end; what is kept is shorter."""

JSON_DEPTH: Final = 64
"""Levels of lists and objects inside each other."""

YAML_DEPTH: Final = 64
YAML_NODES: Final = 100_000
"""Levels of a YAML text, and values in it, keys among them."""

MLMODEL_BYTES: Final = 64 * 1024
"""Of an `MLmodel` file; a signature of a thousand columns has as many."""

FILES: Final = 50_000
"""Of a model, where the settings say nothing else."""

NAME_CHARACTERS: Final = 1024
"""Of a file's name with its folders: what Blob Storage takes."""

PERSON_CHARACTERS: Final = 512
"""Of the name of whoever registered a model: Microsoft Entra ID allows 256 for a display name
(learn.microsoft.com/graph/api/resources/user). A longer one may be anybody's."""
