"""Revoking links: what was mailed for an open ask opens nothing any more, and new links go out."""

from dataclasses import replace

from shared.domain.ask import read_mail_key
from shared.domain.release import EventType, Release, StageRecord
from shared.domain.trail import Change
from shared.domain.transitions import is_waiting
from shared.ports import Orchestrations, Services
from shared.web import waking
from shared.web.http import ProblemError, Request, Response, read_json
from shared.web.inputs import person, reason_of
from shared.web.releases import accepted, write


def revoke_links(services: Services, request: Request, orchestrations: Orchestrations) -> Response:
    """`POST /api/releases/{id}/revoke`: new links for everybody who is asked, none of the old."""
    body = read_json(request)
    by, why = person(body, "by"), reason_of(body)
    release = write(services, request, lambda found: _revoked(services, found, by, why))
    waking.ring(orchestrations, release.id)
    return accepted(release, request)


def _open_gate(release: Release) -> StageRecord:
    """The stage that people are being asked about.

    Raises:
        ProblemError: There is none, so that no link could decide anything.
    """
    record = release.stage
    is_open = record is not None and is_waiting(release, record.name)
    if not is_open or record is None or record.ask is None or record.ask.used:
        raise ProblemError(
            409,
            "nobody-is-asked",
            "Nobody is asked about the release",
            "No link of it decides anything now.",
            release_id=release.id,
        )
    return record


def _revoked(services: Services, release: Release, by: str, reason: str) -> Change:
    """The release with another series of links, of which the workflow finds none mailed yet.

    Raises:
        ProblemError: Nobody is asked about it.
    """
    record = _open_gate(release)
    assert record.ask is not None, "looked at before"
    kept = tuple(key for key in record.ask.mailed if not read_mail_key(key).goes_out_anew)
    ask = replace(record.ask, series=record.ask.series + 1, mailed=kept, unseen=(), look_at=None)
    message = f"{by} revoked the links to {record.name}" + (f": {reason}" if reason else "")
    return Change(release.with_stage(replace(record, ask=ask))).noting(
        EventType.LINKS_REVOKED,
        message,
        at=services.clock.now(),
        stage=record.name,
        actor=by,
        details={"ask": ask.number, "series": ask.series, "reason": reason or None},
    )
