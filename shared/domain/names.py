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


def release_id(pipeline: str, model: ModelVersion, attempt: int) -> ReleaseId:
    """The id of a release, the same for every delivery of the same event.

    It is also the orchestration's instance id: lower case (instance ids that differ only in case
    disturb each other) and free of what Table Storage and Durable Functions refuse in keys.
    """
    slug = _slug(f"{model.name}-{model.version}", SLUG_LENGTH)
    suffix = "" if attempt == 1 else f"-{attempt}"
    return ReleaseId(f"{slug}-{_hash(pipeline, model.name, model.version)[:10]}{suffix}")


def deployment_name(release: ReleaseId, version: str) -> str:
    """The deployment of a release, the same in every stage.

    Lower case, at most 32 characters, letter first: what managed and Kubernetes endpoints take
    together with an endpoint name of up to 30 (azure-facts: names 3-32, both 6-62).
    """
    return f"v{_slug(version, 16)}-{_hash(release)[:8]}"


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
