"""How much of what others made is taken in: every size, count, depth and time, in one place.

Whoever may register a model chooses its files, their names, its tags, what its container answers
and what it logs; anybody may send requests. None of it may cost the service more than is written
here. `docs/limits.md` says what happens at each.
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
"""Levels of a YAML text, and values in it, keys among them; an alias counts for what it names."""

NUMBER_DIGITS: Final = 18
"""Of a whole number where a short one is meant: a version, a tag, a pipeline's field."""

EVENT_ID_CHARACTERS: Final = 200
"""Of an event's id, which is a UUID: it has to fit into a row's key."""

SHOWN_CHARACTERS: Final = 200
"""Of a value that is quoted in a sentence."""

MLMODEL_BYTES: Final = 64 * 1024
"""Of an `MLmodel` file; a signature of a thousand columns has as many."""

FILES: Final = 50_000
"""Of a model, where the settings say nothing else."""

FILES_PER_PAGE: Final = 200
"""Of a container's list. A file may have a thousand entries of metadata in its 8 KiB (learn.
microsoft.com/rest/api/storageservices/setting-and-retrieving-properties-and-metadata-for-blob-
resources), and then takes 300 KB of memory until its page is left behind."""

COPIES_AT_ONCE: Final = 256
"""Files of a model that are held at a time while their copies are started."""

SHOWN_FILES: Final = 200
"""Files that are kept by name; the digest covers all."""

SHOWN_PROBLEMS: Final = 5
"""Files that a message names."""

EARLIER_DIGEST_BYTES: Final = 16_000_000
"""Of names, sizes and etags that are held to recognise the files of a release that began when
digests were made otherwise."""

CLIENTS: Final = 64
"""Containers that are kept open: registrants name as many as they like. All share connections."""

NAME_CHARACTERS: Final = 1024
"""Of a file's name with its folders: what Blob Storage takes."""

REQUEST_BYTES: Final = 64 * 1024
"""Of a request's body; a comment of 2,000 characters has 24 KB at most in a form."""

COMMENT_CHARACTERS: Final = 2000
"""Of a comment or of a reason."""

FIELD_CHARACTERS: Final = 256
"""Of any other field of the decision page's form that is shown again or compared: a version's
name has 255 at most."""

PERSON_CHARACTERS: Final = 254
"""Of who asks for something: the longest mail address (RFC 5321, errata 1690)."""

PIPELINE_CHARACTERS: Final = 100
"""Of a pipeline's name that anyone may ask for."""

CURSOR_CHARACTERS: Final = 800
"""Of a list's cursor; the longest of ours, with a pipeline's name of 100 four-byte characters, has
704."""

VERSION_NUMBER: Final = 2**53 - 1
"""The largest version that is taken as a number: beyond it JSON's readers differ (RFC 7493)."""

EVENT_NUMBER: Final = 10**9
"""The largest number of an audit event that anyone may ask for."""

TELEMETRY_CHARACTERS: Final = 32_768
"""Of any text in a span or a log record: what Application Insights keeps of a message or a stack
(learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits)."""

REQUESTER_CHARACTERS: Final = 512
"""Of the name of whoever registered a model: Microsoft Entra ID allows 256 for a display name
(learn.microsoft.com/graph/api/resources/user). A longer one may be anybody's."""
