"""The sweeper: what the engine lost goes on, and what could not be sent is sent.

It reads the open releases only, so it costs the same at 100 past releases and at 100,000.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.approval import Judgement, Verdict, answers_to, judge
from shared.domain.ask import Ask, read_mail_key
from shared.domain.asking import owed
from shared.domain.calendar import may_begin_at
from shared.domain.errors import StepError
from shared.domain.release import Release, ReleaseId, StageState
from shared.ports import Counter, Orchestrations, Services
from shared.workflow.activities import run_activity
from shared.workflow.contract import Activity, AnswerState, payload
from shared.workflow.gate.shortage import is_over

logger = logging.getLogger(__name__)

ATTEMPTS_KEPT = timedelta(hours=24)
"""How long failed attempts are remembered: longer than any window that they are counted in."""


EXPIRES_SOON = timedelta(hours=24)
"""Operators are told of an approval that ends within this."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep found to do."""

    restarted: tuple[ReleaseId, ...] = ()
    rung: tuple[ReleaseId, ...] = ()
    wrapped_up: tuple[ReleaseId, ...] = ()
    failed: tuple[ReleaseId, ...] = ()
    """Releases that could not be looked after this time; the next sweep tries again."""


def sweep(services: Services, orchestrations: Orchestrations) -> Sweep:
    """Look after every open release once; one that fails does not keep the others waiting."""
    found: dict[str, list[ReleaseId]] = {}
    for release_id in services.store.open_releases():
        with services.telemetry.release(release_id=release_id, doing="sweep"):
            what = _swept(services, orchestrations, release_id)
        if what is not None:
            found.setdefault(what, []).append(release_id)
    services.attempts.forget(before=services.clock.now() - ATTEMPTS_KEPT)
    return Sweep(**{what: tuple(ids) for what, ids in found.items()})


def _swept(services: Services, orchestrations: Orchestrations, release_id: ReleaseId) -> str | None:
    """What was found to do for one release, told to operators; None where there was nothing."""
    try:
        what = _look_after(services, orchestrations, release_id)
    except StepError as error:
        logger.warning("release %s: not swept: %s", release_id, error)
        what = "failed"
    except Exception:  # what nobody expected of one must not stop the others
        logger.exception("release %s: not swept", release_id)
        what = "failed"
    if what is not None:
        services.telemetry.count(Counter.SWEEPS, found=what)
        fields = {"modelgate.event": "Swept", "modelgate.swept": what}
        logger.warning("release %s: swept: %s", release_id, what, extra=fields)
    return what


def _look_after(
    services: Services, orchestrations: Orchestrations, release_id: ReleaseId
) -> str | None:
    """What was done for the release: a field of `Sweep`, or None."""
    stored = services.store.get(release_id=release_id)
    if stored is None:
        return None
    _warn_of_expiry(services, stored.release)
    if not orchestrations.is_running(release_id=release_id):
        if not stored.release.is_over:
            orchestrations.start(release_id=release_id)
            return "restarted"
        answer = run_activity(Activity.WRAP_UP, services, payload(release_id))
        return "wrapped_up" if answer["state"] == AnswerState.DONE else "failed"
    if _has_news(services, stored.release):
        orchestrations.ring(release_id=release_id)
        return "rung"
    return None


def _warn_of_expiry(services: Services, release: Release) -> None:
    """Tell operators of an approval that ends soon: an alert looks for this line."""
    stage = release.stage
    if release.is_over or stage is None or stage.state is not StageState.WAITING:
        return
    waits = stage.shortage or stage.ask
    if waits and waits.expires_at - services.clock.now() < EXPIRES_SOON:
        ends = waits.expires_at.isoformat(timespec="minutes")
        fields = {"modelgate.event": "ExpiresSoon", "modelgate.stage": stage.name}
        logger.warning(
            "release %s: the approval of %s ends at %s", release.id, stage.name, ends, extra=fields
        )


def _has_news(services: Services, release: Release) -> bool:
    """Whether a waiting release has an answer that its orchestration may not have heard of."""
    stage = release.stage
    if stage is None or stage.state is not StageState.WAITING:
        return False
    if release.abort_requested_by is not None or release.superseded_by is not None:
        return True
    if stage.shortage is not None:
        return is_over(services, release, stage.name, stage.shortage)
    if stage.ask is None:
        return False
    decisions = services.store.decisions(release_id=release.id)
    mine = [decision for decision in decisions if decision.stage == stage.name]
    if len(answers_to(stage.ask, mine)) > stage.ask.heard:
        return True
    now = services.clock.now()
    judgement = judge(stage.ask, mine, now)
    if judgement.verdict is Verdict.WAIT:
        mailed = map(read_mail_key, stage.ask.mailed)
        are_revoked = stage.ask.series > 1 and not any(mail.goes_out_anew for mail in mailed)
        return are_revoked and bool(owed(stage.ask, judgement, now))
    return not _is_held_up(stage.ask, judgement, now)


def _is_held_up(ask: Ask, judgement: Judgement, now: datetime) -> bool:
    """Whether what is approved waits for QA to recover, or for decisions to take effect again."""
    if judgement.verdict is not Verdict.APPROVED or judgement.settled_at is None:
        return False
    return bool(ask.degraded) or may_begin_at(ask.terms, judgement.settled_at, now) > now
