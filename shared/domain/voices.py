"""Who may speak for which voice, and when: order, delegations, escalation, voices handed on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shared.domain.ask import Ask, Purpose
from shared.domain.decision import Decision
from shared.domain.policy import Escalation, Order, Voice


@dataclass(frozen=True, slots=True)
class Speaker:
    """Someone whose word is wanted."""

    person: str
    voice: str
    since: datetime
    """From when on."""

    purpose: Purpose
    """Why their first mail is sent: they are asked, or somebody else has stayed silent."""

    stands_in_for: str | None = None
    """The person or the group whose voice it is, where it is not their own."""

    handed_on: int = 0
    """How often the voice has been handed on, the last time to this person."""


class Floor:
    """The voices of an ask: which have been heard, whose turn it is, who may speak."""

    def __init__(self, ask: Ask) -> None:
        """Nobody has said anything yet."""
        self._policy = ask.terms
        self._ask = ask
        self.left_out = _left_out(ask)
        """Who may not decide, since they may be the requester."""
        self._own = {member: voice.name for voice in ask.terms.voices for member in voice.members}
        self._holders: dict[str, Speaker] = {}
        """By voice, where it was handed on."""
        self._gave: set[str] = set()
        """Who has handed a voice on; they have had their word, unless they got one back."""
        self._answered: dict[str, datetime] = {}
        self._voices = [voice for voice in self._policy.voices if self._has_a_speaker(voice)]

    @property
    def count(self) -> int:
        """How many voices can be heard at all."""
        return len(self._voices)

    @property
    def required(self) -> int:
        """How many voices have to approve."""
        return self.count if self._policy.required is None else self._policy.required

    @property
    def is_possible(self) -> bool:
        """Whether there are voices enough."""
        return 1 <= self.required <= self.count

    def may_decide(self, person: str) -> bool:
        """Whether the policy lets this person decide at all: who may be the requester may not."""
        return person not in self.left_out

    def answered(self, voice: str, at: datetime) -> None:
        """A voice's answer has taken effect."""
        self._answered[voice] = at

    def silenced(self, voice: str) -> None:
        """A voice's answer was replaced by one that is not in effect yet, or handed on."""
        self._answered.pop(voice, None)

    def is_answered(self, voice: str) -> bool:
        """Whether an answer of this voice is in effect."""
        return voice in self._answered

    def hand_on(self, voice: str, by: str, to: str, at: datetime) -> None:
        """From now on `to` has this voice, in place of its members and their stand-ins."""
        times = self._holders[voice].handed_on + 1 if voice in self._holders else 1
        self._holders[voice] = Speaker(to, voice, at, Purpose.REQUEST, voice, times)
        self._gave.add(by)
        self._gave.discard(to)

    def voice_for(self, person: str, at: datetime, answers: Mapping[str, Decision]) -> str | None:
        """The voice that an answer of this person counts for, the policy's first of several.

        Args:
            person: Who speaks.
            at: When.
            answers: The answers so far, by voice.
        """
        found = (each.voice for each in self._all_speakers(at, answers) if each.person == person)
        return next(found, None)

    def speakers(self, at: datetime, answers: Mapping[str, Decision]) -> list[Speaker]:
        """Whose word is wanted at a moment, each person once."""
        people: dict[str, Speaker] = {}
        for each in self._all_speakers(at, answers):
            people.setdefault(each.person, each)
        return list(people.values())

    def successors(
        self, person: str, voice: str, at: datetime, answers: Mapping[str, Decision]
    ) -> tuple[str, ...]:
        """To whom a person may hand this voice: their group, their stand-ins, those above.

        Nobody who has another voice, or has answered for one, since a person has one.
        """
        members = next(each.members for each in self._voices if each.name == voice)
        standing_in = [
            each.to
            for each in self._policy.delegations
            if each.of in members and each.begins_at <= at < each.ends_at
        ]
        above = self._policy.escalation.to if self._policy.escalation else ()
        holders = {holder.person for holder in self._holders.values()}
        busy = {*holders, *(answer.approver for answer in answers.values()), person}
        return tuple(
            each
            for each in dict.fromkeys([*members, *standing_in, *above])
            if each not in busy and self._own.get(each, voice) == voice and self.may_decide(each)
        )

    def changes_after(self, now: datetime, answers: Mapping[str, Decision]) -> list[datetime]:
        """The moments after `now` in which somebody else may speak, or may no more."""
        moments = []
        for voice, since in self._open(answers):
            if self._policy.escalation is not None:
                moments.append(_called_in(self._policy.escalation, since))
            for each in self._policy.delegations:
                if each.of in voice.members:
                    moments += [each.begins_at, each.ends_at]
        return [moment for moment in moments if moment > now]

    def _has_a_speaker(self, voice: Voice) -> bool:
        """Whether there is anyone who may speak for it before the ask expires."""
        ask, escalation = self._ask, self._policy.escalation
        others = [
            each.to
            for each in self._policy.delegations
            if each.of in voice.members
            and max(each.begins_at, ask.asked_at) < min(each.ends_at, ask.expires_at)
        ]
        if escalation and _called_in(escalation, ask.asked_at) < ask.expires_at:
            others += escalation.to
        people = [*voice.members, *(each for each in others if each not in self._own)]
        return any(self.may_decide(person) for person in people)

    def _open(self, answers: Mapping[str, Decision]) -> Iterator[tuple[Voice, datetime]]:
        """The voices whose turn it is and that have given no answer, and since when."""
        since = self._ask.asked_at
        for voice in self._voices:
            if voice.name not in answers:
                yield voice, since
            if self._policy.order is Order.SEQUENCE:
                if voice.name not in self._answered:
                    return
                since = max(since, self._answered[voice.name])

    def _all_speakers(self, at: datetime, answers: Mapping[str, Decision]) -> list[Speaker]:
        """Everybody who may speak, perhaps for several voices; who has spoken had their word."""
        spoken = {*self._gave, *(answer.approver for answer in answers.values())}
        return [
            speaker
            for voice, since in self._open(answers)
            for speaker in self._speakers_of(voice, since, at)
            if speaker.person not in spoken and self.may_decide(speaker.person)
        ]

    def _speakers_of(self, voice: Voice, since: datetime, at: datetime) -> Iterator[Speaker]:
        holder = self._holders.get(voice.name)
        if holder is not None:
            yield replace(holder, since=max(since, holder.since))
        else:
            for member in voice.members:
                yield Speaker(member, voice.name, since, Purpose.REQUEST)
        have_one = {*self._own, *(each.person for each in self._holders.values())}
        for speaker in self._stand_ins(voice, since, at):
            if speaker.person not in have_one:
                yield speaker

    def _stand_ins(self, voice: Voice, since: datetime, at: datetime) -> Iterator[Speaker]:
        if voice.name not in self._holders:
            for each in self._policy.delegations:
                if each.of in voice.members and each.begins_at <= at < each.ends_at:
                    from_then = max(since, each.begins_at)
                    yield Speaker(each.to, voice.name, from_then, Purpose.REQUEST, each.of)
        escalation = self._policy.escalation
        if escalation is not None and (from_then := _called_in(escalation, since)) <= at:
            for person in escalation.to:
                yield Speaker(person, voice.name, from_then, Purpose.ESCALATION, voice.name)


def _left_out(ask: Ask) -> tuple[str, ...]:
    requester, policy = ask.requester, ask.terms
    if requester is None or policy.requester_may_approve:
        return ()
    return tuple(each for each in policy.everybody if policy.is_called(each, requester))


def _called_in(escalation: Escalation, since: datetime) -> datetime:
    """When those above them may speak, too; the last moment of all where later is stored."""
    try:
        return since + timedelta(seconds=escalation.after_seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
