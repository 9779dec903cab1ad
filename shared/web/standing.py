"""What a link in a mail leads to now: an open question, or what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.approval import Verdict, judge
from shared.domain.ask import Ask
from shared.domain.decision import Decision
from shared.domain.names import person_key
from shared.domain.release import Release, StageRecord, StageState
from shared.ports import Link, Services, Stored

GRACE_SECONDS = 30 * 86_400.0
"""How long after its expiry an ask still says that it has expired."""


class Standing(StrEnum):
    """How an ask stands, for the person whose link it is."""

    OPEN = "open"
    """They may decide."""
    ANSWERED = "answered"
    """They have decided."""
    SETTLED = "settled"
    """Somebody else has."""
    ASKED_AGAIN = "asked-again"
    """What was asked about has changed: this ask is void."""
    EXPIRED = "expired"
    """Nobody decided in time."""
    ABORTING = "aborting"
    """Somebody is stopping the release."""
    OVER = "over"
    """The release has ended, without this person's word."""


@dataclass(frozen=True, slots=True)
class Case:
    """An ask and one person who was asked."""

    standing: Standing
    stored: Stored
    record: StageRecord
    ask: Ask
    """The stage's newest ask; the link's own unless that is void."""

    approver: str
    """Mail address; empty where a void ask's approver is not asked any more."""

    decision: Decision | None
    """What explains the standing: this person's own, or the one that settled the ask."""

    others: tuple[Decision, ...]
    """What others have answered to the same ask."""

    @property
    def release(self) -> Release:
        """The release as it was read."""
        return self.stored.release


def find_case(services: Services, token: str) -> Case | None:
    """What a token leads to; None where it leads nowhere, whatever the reason."""
    link = services.links.read(token=token, max_age_seconds=_max_age_seconds(services))
    stored = services.store.get(release_id=link.release_id) if link else None
    if link is None or stored is None:
        return None
    record = next((stage for stage in stored.release.stages if stage.name == link.stage), None)
    ask = record.ask if record else None
    if record is None or ask is None or link.ask > ask.number:
        return None
    approver = next((each for each in ask.approvers if person_key(each) == link.approver_key), "")
    if not approver and link.ask == ask.number:
        return None
    return _judged(services, stored, record, ask, link, approver)


def _judged(
    services: Services, stored: Stored, record: StageRecord, ask: Ask, link: Link, approver: str
) -> Case:
    decisions = [
        decision
        for decision in services.store.decisions(release_id=stored.release.id)
        if (decision.stage, decision.ask) == (link.stage, link.ask)
    ]
    own = next((d for d in decisions if person_key(d.approver) == link.approver_key), None)
    judgement = judge(ask, decisions, services.clock.now())
    return Case(
        standing=_standing(stored.release, record, ask, link, own, judgement.verdict),
        stored=stored,
        record=record,
        ask=ask,
        approver=approver,
        decision=own or judgement.decision,
        others=tuple(decision for decision in decisions if decision is not own),
    )


def _standing(
    release: Release,
    record: StageRecord,
    ask: Ask,
    link: Link,
    own: Decision | None,
    verdict: Verdict,
) -> Standing:
    """The first that holds; `verdict` is over the newest ask."""
    is_waiting = record.state is StageState.WAITING
    is_void = link.ask < ask.number or (ask.used and is_waiting)
    if not release.is_over and is_void:
        return Standing.ASKED_AGAIN
    if own is not None:
        return Standing.ANSWERED
    if release.is_over:
        return Standing.OVER
    if verdict in (Verdict.APPROVED, Verdict.REJECTED) or not is_waiting:
        return Standing.SETTLED
    if release.abort_requested_by is not None:
        return Standing.ABORTING
    return Standing.EXPIRED if verdict is Verdict.EXPIRED else Standing.OPEN


def _max_age_seconds(services: Services) -> float:
    """The longest that any ask may stay open, and some time to read what became of it."""
    timeouts = [
        stage.approval.timeout_seconds
        for pipeline in services.pipelines.values()
        for stage in pipeline.stages
        if stage.approval is not None
    ]
    return max(timeouts, default=0.0) + GRACE_SECONDS
