"""Names that are derived, so that doing a step twice meets the same resource."""

import re
from hashlib import sha256

from shared.domain.release import ModelVersion, ReleaseId

ASSET_NAME = re.compile(r"[A-Za-z0-9][\w.\-]{0,254}", re.ASCII)
"""Names and versions of models and other assets that Azure ML takes, as a whole match."""

SLUG_LENGTH = 40

PIPELINE_TAG = "modelgate-pipeline"
"""Tag of an endpoint that this service made: the pipeline that deploys to it."""

RELEASE_TAG = "modelgate-release"
"""Tag of a deployment, and of a copied model: the release that made it."""


def release_ids(pipeline: str, model: ModelVersion, attempt: int) -> tuple[ReleaseId, ReleaseId]:
    """The ids that a release may have, the same for every delivery of the same event.

    The second is for where another version's release has the first: registrants choose versions,
    and of the few digits of a hash in the first one they find two that are alike.

    They are also the orchestration's instance id: lower case (instance ids that differ only in case
    disturb each other) and free of what Table Storage and Durable Functions refuse in keys.
    """
    slug = _slug(f"{model.name}-{model.version}", SLUG_LENGTH)
    suffix = "" if attempt == 1 else f"-{attempt}"
    digits = _hash(pipeline, model.name, model.version)
    return ReleaseId(f"{slug}-{digits[:10]}{suffix}"), ReleaseId(f"{slug}-{digits[:32]}{suffix}")


def deployment_names(release: ReleaseId, version: str) -> tuple[str, str]:
    """The names that a release's deployment may have, the same in every stage.

    The second is for where another release's deployment has the first (see `release_ids`).

    Lower case, at most 32 characters, letter first: what managed and Kubernetes endpoints take
    together with an endpoint name of up to 30 (azure-facts: names 3-32, both 6-62).
    """
    digits = _hash(release)
    return f"v{_slug(version, 16)}-{digits[:8]}", f"v{_slug(version, 4)}-{digits[:26]}"


def operation_id(*parts: str) -> str:
    """A UUID that is the same for the same parts: a mail is sent once, however often it is tried.

    Raises:
        ValueError: A part is empty, so that two purposes could share an id.
    """
    if not all(parts):
        raise ValueError("every part of an operation id is needed")
    digest = _hash(*parts)
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def person_key(address: str) -> str:
    """A short stable key for a person, without the address in it."""
    return _hash(address.casefold())[:16]


def _slug(text: str, length: int) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:length].strip("-")
    return slug or "x"


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
