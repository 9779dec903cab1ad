"""What a stage's endpoint serves now, and whether that is newer than what is being released."""

import re

from shared.domain.evidence import Current
from shared.domain.names import RELEASE_TAG
from shared.domain.release import ModelVersion, Release, ReleaseId
from shared.ports import Deployment
from shared.workflow.turn import Turn

_MODEL = re.compile(r"(?:.*/models/|azureml:)(?P<name>[^/:]+)(?:/versions/|:)(?P<version>[^/:]+)")


def serving_now(turn: Turn) -> Current | None:
    """What the stage's endpoint serves; None where nothing does.

    Where several deployments share the traffic it is one that is newer than what is released, if
    there is any, and else the one with the most traffic.
    """
    endpoints, stage = turn.services.endpoints, turn.stage
    endpoint = endpoints.get(stage=stage)
    shares = {name: share for name, share in endpoint.traffic.items() if share} if endpoint else {}
    if not shares:
        return None
    there = {deployment.name: deployment for deployment in endpoints.deployments(stage=stage)}
    found = [_current(turn, name, share, there.get(name)) for name, share in shares.items()]
    return max(found, key=lambda each: (each.is_newer, each.percent, each.deployment))


def _current(turn: Turn, name: str, share: int, deployment: Deployment | None) -> Current:
    model = _model_of(deployment) if deployment else None
    release = _release_of(turn, deployment)
    if release is None:
        return Current(name, share, model)
    return Current(
        name,
        share,
        model,
        source=release.model,
        release_id=release.id,
        registered_at=release.registered_at,
        is_newer=_is_same_model(turn.release, release) and release.is_newer_than(turn.release),
    )


def newer_that_serves(turn: Turn) -> str | None:
    """The newer version that an older one would overtake now, where nobody has agreed to that.

    Asked while the endpoint is reserved, so that nothing comes between. A stage of the source
    workspace that nobody is asked about takes versions as they come; where a release was started
    by hand, whoever did so has agreed.
    """
    ask, release = turn.record.ask, turn.release
    is_open = ask is None and turn.stage.workspace == turn.pipeline.source
    if is_open or (ask is None and release.requested_by is not None):
        return None
    current = serving_now(turn)
    if current is None or current.source is None or not current.is_newer:
        return None
    version = current.source.version
    return None if ask is not None and ask.overtakes == version else version


def _model_of(deployment: Deployment) -> ModelVersion | None:
    found = _MODEL.fullmatch(deployment.model or "")
    return ModelVersion(found["name"], found["version"]) if found else None


def _release_of(turn: Turn, deployment: Deployment | None) -> Release | None:
    tag = deployment.tags.get(RELEASE_TAG) if deployment else None
    stored = turn.services.store.get(release_id=ReleaseId(tag)) if tag else None
    return stored.release if stored else None


def _is_same_model(one: Release, other: Release) -> bool:
    """Whether two releases are of versions that can be older or newer than each other.

    Another pipeline may have released the same model to the same endpoint.
    """
    return (one.workspace, one.model.name) == (other.workspace, other.model.name)
