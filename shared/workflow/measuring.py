"""Tells operators of every change once the store has taken it, so that each counts once."""

import logging
from collections.abc import Sequence

from shared.domain.release import AuditEvent, EventType, Outcome, Release, StageState
from shared.domain.trail import SERVICE
from shared.ports import Counter, Telemetry, Timing

logger = logging.getLogger(__name__)

PEOPLES = frozenset(
    {
        EventType.APPROVAL_REQUESTED,
        EventType.APPROVAL_VOIDED,
        EventType.TOO_FEW_APPROVERS,
        EventType.DECIDED,
        EventType.LINKS_REVOKED,
        EventType.SUPERSEDED,
        EventType.ABORT_REQUESTED,
    }
)
"""Events whose words name people, or are theirs."""

NOBODYS = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.ERRORED})
"""Outcomes whose reasons are not people's own words."""


def measure(
    telemetry: Telemetry, before: Release | None, after: Release, events: Sequence[AuditEvent]
) -> None:
    """Log and count what a write has changed.

    Args:
        telemetry: Where it is counted.
        before: The release as it was; None where it is new.
        after: The release as it is.
        events: What was added to its audit trail.
    """
    for event in events:
        _log(event)
        if event.type is EventType.MAIL_FAILED:
            code, mail = (str(event.details.get(name)) for name in ("code", "mail"))
            telemetry.count(Counter.MAIL_FAILURES, code=code, mail=mail)
        elif event.type is EventType.FILES_CHANGED:
            where = {"pipeline": after.pipeline, "stage": event.stage or ""}
            telemetry.count(Counter.FILES_CHANGED, **where)
    if after.outcome is not None and (before is None or before.outcome is None):
        telemetry.count(Counter.RELEASES, pipeline=after.pipeline, outcome=after.outcome.value)
    for new in after.stages:
        old = before.stage_named(new.name) if before else None
        where = {"pipeline": after.pipeline, "stage": new.name}
        if new.started_at and new.ended_at and not (old and old.ended_at):
            seconds = (new.ended_at - new.started_at).total_seconds()
            telemetry.time(Timing.STAGE, seconds=seconds, state=new.state.value, **where)
        was_waiting = old is not None and old.state is StageState.WAITING
        if was_waiting and new.ask and new.state is not StageState.WAITING:
            seconds = (after.updated_at - new.ask.asked_at).total_seconds()
            telemetry.time(Timing.WAIT, seconds=seconds, **where)


def _log(event: AuditEvent) -> None:
    """A line for an event; what people said stays in the store."""
    outcome = str(event.details.get("outcome") or "") if event.type is EventType.ENDED else ""
    is_ours = event.actor == SERVICE and event.type not in PEOPLES
    is_ours = is_ours and (not outcome or outcome in NOBODYS)
    fields = {
        "modelgate.event": event.type.value,
        "modelgate.stage": event.stage or "",
        "modelgate.outcome": outcome,
    }
    words = event.message if is_ours else (outcome or event.type.value)
    logger.info("release %s: %s: %s", event.release_id, event.type, words, extra=fields)
