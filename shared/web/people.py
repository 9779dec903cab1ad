"""Who is asked and who has answered, as pages show it."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.approval import answers_by_voice
from shared.domain.ask import Ask
from shared.domain.decision import Choice, Decision
from shared.domain.evidence import Evidence, requester_of
from shared.domain.policy import ApprovalPolicy, Order, Rejection, Voice
from shared.domain.shortage import doubt
from shared.domain.voices import Floor, Speaker
from shared.web.standing import Case
from shared.web.times import effect_of


@dataclass(frozen=True, slots=True)
class VoiceLine:
    """A voice, and where it stands."""

    name: str
    """The group's name; empty where it is a person's."""

    members: tuple[str, ...]
    answer: Decision | None
    speakers: tuple[Speaker, ...]
    """Whose word is wanted now."""

    takes_effect_at: datetime | None = None
    """When the answer will, where it has not yet."""

    @property
    def deputies(self) -> tuple[Speaker, ...]:
        """Who may speak for it besides its members."""
        return tuple(each for each in self.speakers if each.stands_in_for is not None)


def voices_of(case: Case) -> list[VoiceLine]:
    """The voices of an ask, in the policy's order."""
    spoken = answers_by_voice(case.ask, case.decisions, case.now)
    return [_line(case, voice, spoken.get(voice.name)) for voice in case.policy.voices]


def rules_of(ask: Ask) -> list[str]:
    """How answers are counted, in sentences."""
    policy, floor = ask.terms, Floor(ask)
    if floor.count == 1:
        return _of_one(policy)
    return [
        f"{_number(floor)} of these {floor.count} have to approve.",
        "They are asked one after another."
        if policy.order is Order.SEQUENCE
        else "All of them are asked at once.",
        "The first rejection ends it."
        if policy.reject is Rejection.FIRST
        else "It is rejected once too few are left who could approve.",
    ]


def left_out_of(case: Case, evidence: Evidence) -> list[str]:
    """Who is not asked since they may be the requester, and why, in sentences."""
    policy, requester = case.policy, case.ask.requester or ""
    _, is_registrant = requester_of(case.release, evidence.registered_by)
    whys = [
        doubt(requester, [called(policy, each)], is_registrant=is_registrant)
        for each in Floor(case.ask).left_out
    ]
    return [f"{why}, so they are not asked." for why in whys]


def called(policy: ApprovalPolicy, address: str) -> str:
    """A person, with the name that the pipeline gives them."""
    name = policy.names.get(address, "")
    return f"{name} ({address})" if name else address


def said(decision: Decision) -> str:
    """What somebody answered, as a verb."""
    if decision.choice is Choice.REASSIGN:
        return f"handed their voice on to {decision.to}"
    return "rejected it" if decision.choice is Choice.REJECT else "approved it"


def _line(case: Case, voice: Voice, answer: Decision | None) -> VoiceLine:
    effect = effect_of(case.policy, answer) if answer else case.now
    return VoiceLine(
        name="" if voice.members == (voice.name,) else voice.name,
        members=voice.members,
        answer=answer,
        speakers=tuple(each for each in case.judgement.speakers if each.voice == voice.name),
        takes_effect_at=effect if effect > case.now else None,
    )


def _of_one(policy: ApprovalPolicy) -> list[str]:
    people = [member for voice in policy.voices for member in voice.members]
    return [] if len(people) == 1 else ["The first answer counts for all of them."]


def _number(floor: Floor) -> str:
    return "All" if floor.required >= floor.count else str(floor.required)
