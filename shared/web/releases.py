"""Releases for programs: JSON in and out. `docs/api.md` describes every field."""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from shared.domain.errors import StepError
from shared.domain.names import release_id as id_of
from shared.domain.pipeline import Json, Pipeline
from shared.domain.release import EventType, ModelVersion, Outcome, Release, ReleaseId
from shared.domain.trail import Change, begin
from shared.ports import ConflictError, Orchestrations, Services, Stored
from shared.web import waking
from shared.web.documents import (
    event_document,
    ignored_document,
    release_document,
    release_path,
    release_summary,
)
from shared.web.http import ProblemError, Request, Response, bad_request, json_response, read_json
from shared.web.text import MAX_COMMENT_LENGTH, tidy

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
MAX_PERSON_LENGTH = 254
"""Characters of who asks for something: the longest mail address (RFC 5321, errata 1690)."""

SAVE_TRIES: Final = 10
"""How often a write is tried anew when others write the same release meanwhile."""

_NAME = re.compile(r"[A-Za-z0-9][\w.\-]{0,254}", re.ASCII)
"""Names and versions of Azure ML assets."""


def list_releases(services: Services, request: Request) -> Response:
    """`GET /api/releases?pipeline=&outcome=&cursor=&limit=`: one page, latest first."""
    pipeline = request.query.get("pipeline") or None
    outcome = _outcome(request.query.get("outcome"))
    limit = _limit(request)
    try:
        page = services.store.latest(
            pipeline=pipeline,
            outcome=outcome,
            cursor=request.query.get("cursor") or None,
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
    release = _stored(services, request).release
    asks = [(stage.name, stage.ask.number) for stage in release.stages if stage.ask]
    shown = [
        services.store.evidence(release_id=release.id, stage=stage, ask=number)
        for stage, newest in asks
        for number in range(1, newest + 1)
    ]
    return json_response(
        release_document(
            release,
            decisions=services.store.decisions(release_id=release.id),
            evidence=[evidence for evidence in shown if evidence is not None],
            base_url=request.base_url,
        )
    )


def list_events(services: Services, request: Request) -> Response:
    """`GET /api/releases/{id}/events?after=`: the audit trail, oldest first."""
    after = _number(request, "after", default=0, least=0, most=10**9)
    release = _stored(services, request).release
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
    pipeline = _pipeline(services, _text(body, "pipeline"))
    model = ModelVersion(_name(body, "model"), _name(body, "version"))
    requested_by = _person(body, "requested_by")
    # the name alone: whoever starts a release by hand may do so before the tags are set
    refusal = pipeline.refusal(model_name=model.name, tags=pipeline.tags)
    if refusal is not None:
        raise ProblemError(
            422, "model-not-taken", "The pipeline does not take this model", f"{refusal}."
        )
    release = _create(services, pipeline, model, requested_by)
    waking.start(orchestrations, release.id)
    return _accepted(release, request)


def abort_release(services: Services, request: Request, orchestrations: Orchestrations) -> Response:
    """`POST /api/releases/{id}/abort`: stop a release. Asking again changes nothing."""
    body = read_json(request)
    by = _person(body, "by")
    reason = _reason(body)
    for _ in range(SAVE_TRIES):
        stored = _stored(services, request)
        release = stored.release
        if release.is_over:
            raise ProblemError(
                409,
                "release-is-over",
                "The release has ended already",
                f"It ended as {release.outcome}.",
                release_id=release.id,
            )
        if release.abort_requested_by is None:
            change = _aborting(services, release, by, reason)
            try:
                stored = services.store.save(
                    stored=stored, release=change.release, events=change.events
                )
            except ConflictError:
                continue
        waking.ring(orchestrations, release.id)
        return _accepted(stored.release, request)
    raise ProblemError(503, "busy", "The release is being written", "Try again in a moment.")


def health(services: Services, request: Request) -> Response:  # noqa: ARG001 (as every view)
    """`GET /api/health`: whether the store answers and pipelines are loaded; tells no secrets."""
    checks: dict[str, Json] = {"pipelines": "ok" if services.pipelines else "none are deployed"}
    try:
        services.store.ping()
        checks["store"] = "ok"
    except StepError as error:
        checks["store"] = error.trouble.code
    is_well = all(check == "ok" for check in checks.values())
    return json_response(
        {
            "status": "ok" if is_well else "unhealthy",
            "checks": checks,
            "pipelines": len(services.pipelines),
        },
        status=200 if is_well else 503,
    )


def _create(
    services: Services, pipeline: Pipeline, model: ModelVersion, requested_by: str
) -> Release:
    """The next attempt, reserved in the store."""
    attempt = 1
    while True:
        stored = services.store.get(release_id=id_of(pipeline.name, model, attempt))
        if stored is not None and not stored.release.is_over:
            raise ProblemError(
                409,
                "release-is-open",
                "This version is being released already",
                f"Release {stored.release.id} of {model.name} version {model.version} has not "
                "ended. Wait for it, or abort it first.",
                release_id=stored.release.id,
            )
        if stored is None:
            change = begin(
                pipeline,
                model,
                at=services.clock.now(),
                attempt=attempt,
                requested_by=requested_by,
            )
            if services.store.create(release=change.release, events=change.events):
                return change.release
            continue  # somebody else was quicker: look at theirs
        attempt += 1


def _aborting(services: Services, release: Release, by: str, reason: str) -> Change:
    now = services.clock.now()
    stage = release.stage
    message = f"{by} asked to stop the release" + (f": {reason}" if reason else "")
    return Change(replace(release, abort_requested_by=by)).noting(
        EventType.ABORT_REQUESTED,
        message,
        at=now,
        stage=stage.name if stage else None,
        actor=by,
        details={"reason": reason or None},
    )


def _accepted(release: Release, request: Request) -> Response:
    return json_response(
        release_summary(release, request.base_url),
        status=202,
        headers={"Location": request.base_url + release_path(release.id)},
    )


def _stored(services: Services, request: Request) -> Stored:
    release_id = ReleaseId(request.params.get("id", ""))
    stored = services.store.get(release_id=release_id)
    if stored is None:
        raise ProblemError(404, "not-found", "There is no such release", "Look at the release id.")
    return stored


def _pipeline(services: Services, name: str) -> Pipeline:
    pipeline = services.pipelines.get(name)
    if pipeline is None:
        raise ProblemError(
            404, "pipeline-not-found", "There is no such pipeline", "Look at the pipeline's name."
        )
    return pipeline


def _outcome(text: str | None) -> Outcome | None:
    try:
        return Outcome(text) if text else None
    except ValueError as error:
        raise bad_request(f"outcome is one of {', '.join(Outcome)}.") from error


def _limit(request: Request) -> int:
    return _number(request, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)


def _number(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    text = request.query.get(name) or str(default)
    is_plain = text.isascii() and text.isdigit() and len(text) <= 10
    if not is_plain or not least <= int(text) <= most:
        raise bad_request(f"{name} is a whole number from {least} to {most}.")
    return int(text)


def _text(body: dict[str, Json], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise bad_request(f"{name} is missing, or is no text.")
    return value.strip()


def _name(body: dict[str, Json], name: str) -> str:
    """A name or version; versions come as whole numbers, too."""
    value = body.get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if is_number else _text(body, name)
    if not _NAME.fullmatch(text):
        raise bad_request(f"{name} is none that Azure ML would take.")
    return text


def _person(body: dict[str, Json], name: str) -> str:
    text = _text(body, name)
    if len(text) > MAX_PERSON_LENGTH or not text.isprintable():
        raise bad_request(f"{name} is one line of at most {MAX_PERSON_LENGTH} characters.")
    return text


def _reason(body: dict[str, Json]) -> str:
    value = body.get("reason")
    if value is not None and not isinstance(value, str):
        raise bad_request("reason is no text.")
    reason = tidy(value or "")
    if len(reason) > MAX_COMMENT_LENGTH:
        raise bad_request(f"reason has at most {MAX_COMMENT_LENGTH:,} characters.")
    return reason
