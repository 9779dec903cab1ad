"""Releases for programs: JSON in and out. `docs/api.md` describes every field."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from shared.domain.errors import StepError
from shared.domain.limits import EVENT_NUMBER
from shared.domain.names import release_ids
from shared.domain.pipeline import Json, Pipeline
from shared.domain.release import EventType, ModelVersion, Release, ReleaseId
from shared.domain.trail import Change, begin
from shared.ports import ConflictError, Orchestrations, Services, Stored
from shared.web import waking
from shared.web.documents import (
    event_document,
    ignored_document,
    release_path,
    release_summary,
)
from shared.web.http import (
    RELEASE_ID,
    ProblemError,
    Request,
    Response,
    bad_request,
    json_response,
    read_json,
)
from shared.web.inputs import (
    asset_name,
    asset_version,
    cursor_in,
    outcome_filter,
    person,
    pipeline_filter,
    pipeline_name,
    reason_of,
    whole_number,
)
from shared.web.whole import whole_release

DEFAULT_LIMIT, MAX_LIMIT = 20, 100

SAVE_TRIES: Final = 10
"""How often a write is tried anew when others write the same release meanwhile."""


def list_releases(services: Services, request: Request) -> Response:
    """`GET /api/releases?pipeline=&outcome=&cursor=&limit=`: one page, latest first."""
    pipeline = pipeline_filter(request)
    outcome = outcome_filter(request)
    limit = _limit(request)
    try:
        page = services.store.latest(
            pipeline=pipeline,
            outcome=outcome,
            cursor=cursor_in(request),
            limit=limit,
        )
    except ValueError as error:
        raise bad_request(
            "cursor is not one that this list gave with the same pipeline and outcome."
        ) from error
    following = {"pipeline": pipeline, "outcome": outcome, "cursor": page.cursor, "limit": limit}
    given = {name: value for name, value in following.items() if value is not None}
    return json_response(
        {
            "releases": [release_summary(each, request.base_url) for each in page.releases],
            "cursor": page.cursor,
            "next": f"{request.base_url}/api/releases?{urlencode(given)}" if page.cursor else None,
        }
    )


def get_release(services: Services, request: Request) -> Response:
    """`GET /api/releases/{id}`: one release, all of it."""
    release = find_release(services, request).release
    return json_response(whole_release(services.store, release, request.base_url))


def list_events(services: Services, request: Request) -> Response:
    """`GET /api/releases/{id}/events?after=`: the audit trail, oldest first."""
    after = whole_number(request, "after", default=0, least=0, most=EVENT_NUMBER)
    release = find_release(services, request).release
    events = services.store.events(release_id=release.id, after=after)
    return json_response(
        {
            "release_id": release.id,
            "events": [event_document(event) for event in events],
            "last_event": events[-1].number if events else max(after, release.last_event),
        }
    )


def list_ignored(services: Services, request: Request) -> Response:
    """`GET /api/ignored?limit=`: registrations that started nothing, latest first."""
    events = services.store.ignored(limit=_limit(request))
    return json_response({"ignored": [ignored_document(event) for event in events]})


def start_release(services: Services, request: Request, orchestrations: Orchestrations) -> Response:
    """`POST /api/releases`: a new release, or another attempt, of a model version."""
    body = read_json(request)
    pipeline = _pipeline(services, pipeline_name(body, "pipeline"))
    model = ModelVersion(asset_name(body, "model"), asset_version(body, "version"))
    requested_by = person(body, "requested_by")
    # the name alone: whoever starts a release by hand may do so before the tags are set
    refusal = pipeline.refusal(model_name=model.name, tags=pipeline.tags)
    if refusal is not None:
        raise ProblemError(
            422, "model-not-taken", "The pipeline does not take this model", f"{refusal}."
        )
    release = _create(services, pipeline, model, requested_by)
    waking.start(services, orchestrations, release.id)
    return accepted(release, request)


def abort_release(services: Services, request: Request, orchestrations: Orchestrations) -> Response:
    """`POST /api/releases/{id}/abort`: stop a release. Asking again changes nothing."""
    body = read_json(request)
    by = person(body, "by")
    why = reason_of(body)
    release = write(services, request, lambda found: _aborting(services, found, by, why))
    waking.ring(orchestrations, release.id)
    return accepted(release, request)


def health(services: Services, request: Request) -> Response:  # noqa: ARG001 (as every view)
    """`GET /api/health`: whether the store answers and pipelines are loaded; tells no secrets."""
    checks: dict[str, Json] = {"pipelines": "ok" if services.pipelines else "none are deployed"}
    try:
        services.store.ping()
        checks["store"] = "ok"
    except StepError as error:
        checks["store"] = error.failure.code
    is_well = all(check == "ok" for check in checks.values())
    return json_response(
        {
            "status": "ok" if is_well else "unhealthy",
            "checks": checks,
            "pipelines": len(services.pipelines),
        },
        status=200 if is_well else 503,
    )


def accepted(release: Release, request: Request) -> Response:
    """The answer to whoever asked for something that the workflow does now."""
    return json_response(
        release_summary(release, request.base_url),
        status=202,
        headers={"Location": request.base_url + release_path(release.id)},
    )


def find_release(services: Services, request: Request) -> Stored:
    """The release that a path names.

    Raises:
        ProblemError: There is none.
    """
    release_id = ReleaseId(request.params.get("id", ""))
    is_possible = RELEASE_ID.fullmatch(release_id)
    stored = services.store.get(release_id=release_id) if is_possible else None
    if stored is None:
        raise ProblemError(404, "not-found", "There is no such release", "Look at the release id.")
    return stored


def write(
    services: Services, request: Request, change: Callable[[Release], Change | None]
) -> Release:
    """The release that a path names, changed; anew where somebody else wrote meanwhile.

    Args:
        services: Has the store.
        request: Has the path.
        change: What is to become of the release as it was read; None leaves it.

    Raises:
        ProblemError: There is none, `change` refuses, or others write it all the time.
    """
    for _ in range(SAVE_TRIES):
        stored = find_release(services, request)
        wanted = change(stored.release)
        if wanted is None:
            return stored.release
        with suppress(ConflictError):
            return services.store.save(
                stored=stored, release=wanted.release, events=wanted.events
            ).release
    raise ProblemError(503, "busy", "The release is being written", "Try again in a moment.")


def _create(
    services: Services, pipeline: Pipeline, model: ModelVersion, requested_by: str
) -> Release:
    """The next attempt, reserved in the store."""
    attempt = 1
    while True:
        release_id, newest = _attempt(services, pipeline.name, model, attempt)
        if newest is not None and not newest.is_over:
            raise ProblemError(
                409,
                "release-is-open",
                "This version is being released already",
                f"Release {newest.id} of {model.name} version {model.version} has not "
                "ended. Wait for it, or abort it first.",
                release_id=newest.id,
            )
        if newest is not None:
            attempt += 1
            continue
        change = begin(
            pipeline,
            model,
            at=services.clock.now(),
            release_id=release_id,
            attempt=attempt,
            requested_by=requested_by,
        )
        if services.store.create(release=change.release, events=change.events):
            return change.release
        # somebody else was quicker: look at theirs


def _attempt(
    services: Services, pipeline: str, model: ModelVersion, attempt: int
) -> tuple[ReleaseId, Release | None]:
    """The id of an attempt, and its release where there is one."""
    first, second = release_ids(pipeline, model, attempt)
    stored = services.store.get(release_id=first)
    if stored is None or stored.release.is_of(pipeline, model):
        return first, stored.release if stored else None
    stored = services.store.get(release_id=second)
    return second, stored.release if stored else None


def _aborting(services: Services, release: Release, by: str, reason: str) -> Change | None:
    """The release with somebody's wish to stop it; None where that is known.

    Raises:
        ProblemError: It has ended.
    """
    if release.is_over:
        raise ProblemError(
            409,
            "release-is-over",
            "The release has ended already",
            f"It ended as {release.outcome}.",
            release_id=release.id,
        )
    if release.abort_requested_by is not None:
        return None
    now = services.clock.now()
    stage = release.stage
    message = f"{by} asked to stop the release" + (f": {reason}" if reason else "")
    stopped = replace(release, abort_requested_by=by, abort_reason=reason or None)
    return Change(stopped).noting(
        EventType.ABORT_REQUESTED,
        message,
        at=now,
        stage=stage.name if stage else None,
        actor=by,
        details={"reason": reason or None},
    )


def _pipeline(services: Services, name: str) -> Pipeline:
    pipeline = services.pipelines.get(name)
    if pipeline is None:
        raise ProblemError(
            404, "pipeline-not-found", "There is no such pipeline", "Look at the pipeline's name."
        )
    return pipeline


def _limit(request: Request) -> int:
    return whole_number(request, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
