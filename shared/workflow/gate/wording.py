"""What a gate says of itself in the release, for people."""

from shared.domain.approval import Judgement, Verdict
from shared.domain.ask import Ask
from shared.domain.shortage import Shortage, doubt, ways_out


def waits_for(ask: Ask, judgement: Judgement) -> str:
    """What an open ask waits for."""
    if judgement.effect_at is not None and not judgement.speakers:
        return f"{_moment(judgement)}, when what was decided takes effect"
    if ask.degraded:
        return f"the stage before to recover: {'; '.join(ask.degraded)}"
    if judgement.effect_at is not None:
        return f"{_moment(judgement)}, when what was decided takes effect if nobody changes it"
    if judgement.verdict is Verdict.APPROVED:
        return "the stage before to be probed"
    people = [speaker.person for speaker in judgement.speakers]
    asked = " or ".join(people) if people else "nobody who may answer now"
    if judgement.required == 1:
        return f"the approval of {asked}"
    return f"approvals ({judgement.approvals} of {judgement.required}) of {asked}"


def waits_for_approvers(pipeline: str, stage: str, shortage: Shortage) -> str:
    """What a release waits for while nobody can be asked."""
    ways = "; or ".join(ways_out(shortage))
    return (
        f"enough approvers. {words_of_shortage(stage, shortage)}. What an owner of pipeline "
        f"{pipeline} can do: {ways}"
    )


def words_of_shortage(stage: str, shortage: Shortage) -> str:
    """What is missing, and why."""
    why = doubt(shortage.requester, shortage.left_out, is_registrant=shortage.is_registrant)
    return (
        f"Stage {stage} needs {_approvals(shortage.required)} and {shortage.available or 'nobody'} "
        f"can be asked: {why}"
    )


def words_of_end(judgement: Judgement, ask: Ask) -> str:
    """Why a release ends at its gate."""
    decision = judgement.decision
    if decision is not None:
        said = f": {decision.comment}" if decision.comment else "."
        return f"Rejected by {decision.approver}{said}"
    until = ask.expires_at.strftime("%Y-%m-%d %H:%M UTC")
    if judgement.approvals:
        return f"{judgement.approvals} of {judgement.required} approvals until {until}."
    return f"Nobody decided until {until}."


def words_of_loss(ask: Ask, approved: Judgement) -> str:
    """Why something that is approved ends at its gate."""
    people = ", ".join(each.approver for each in approved.answers if each.approves)
    return (
        f"Approved by {people}, but the stage before did not recover: {'; '.join(ask.degraded)}. "
        "Mend it, then start the release again."
    )


def _approvals(count: int) -> str:
    return "an approval" if count == 1 else f"{count} approvals"


def _moment(judgement: Judgement) -> str:
    assert judgement.effect_at is not None
    return judgement.effect_at.strftime("%Y-%m-%d %H:%M UTC")
