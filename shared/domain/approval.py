"""What the answers so far mean for an ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.release import Ask, Choice, Decision


class Verdict(StrEnum):
    """What comes next for a stage that people are asked about."""

    WAIT = "Wait"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    EXPIRED = "Expired"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and the decision that brought it, where one did."""

    verdict: Verdict
    decision: Decision | None = None


def judge(ask: Ask, decisions: Iterable[Decision], now: datetime) -> Judgement:
    """The verdict over an ask: the earliest decision that counts, whatever the order of reading.

    A decision counts when it answers this ask, comes from someone who was asked, was made in time
    and about the same content. In a tie a rejection wins.
    """
    counting = [
        decision
        for decision in decisions
        if decision.ask == ask.number
        and decision.approver in ask.approvers
        and decision.at < ask.expires_at
        and decision.digest == ask.digest
    ]
    first = min(counting, key=_order, default=None)
    if first is None:
        return Judgement(Verdict.EXPIRED if now >= ask.expires_at else Verdict.WAIT)
    approved = first.choice is Choice.APPROVE
    return Judgement(Verdict.APPROVED if approved else Verdict.REJECTED, first)


def _order(decision: Decision) -> tuple[datetime, bool, str, str]:
    """Earliest first; at the same moment rejections first, then so that all readers agree."""
    approves = decision.choice is Choice.APPROVE
    return (decision.at, approves, decision.approver, decision.comment)
