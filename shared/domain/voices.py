"""Who may speak for which voice, and when: order, delegations, escalation, voices handed on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.ask import Ask, Purpose
from shared.domain.decision import Decision
from shared.domain.policy import Order, Voice


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


class Floor:
    """The voices of an ask: which have been heard, whose turn it is, who may speak."""

    def __init__(self, ask: Ask) -> None:
        """Nobody has said anything yet."""
        self._policy = ask.terms
        self._requester = ask.requester
        self._asked_at = ask.asked_at
        self._holders: dict[str, tuple[str, datetime]] = {}
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
        """Whether the policy lets this person decide at all: the requester may not."""
        if self._policy.requester_may_approve or not self._requester:
            return True
        return not self._policy.is_called(person, self._requester)

    def answered(self, voice: str, at: datetime) -> None:
        """A voice's answer has taken effect."""
        self._answered[voice] = at

    def silenced(self, voice: str) -> None:
        """A voice's answer was replaced by one that is not in effect yet, or handed on."""
        self._answered.pop(voice, None)

    def is_answered(self, voice: str) -> bool:
        """Whether an answer of this voice is in effect."""
        return voice in self._answered

    def hand_on(self, voice: str, to: str, at: datetime) -> None:
        """From now on `to` alone has this voice."""
        self._holders[voice] = (to, at)

    def voice_for(self, person: str, at: datetime, answers: Mapping[str, Decision]) -> str | None:
        """The voice that an answer of this person counts for; their own before others'.

        Args:
            person: Who speaks.
            at: When.
            answers: The answers so far, by voice.
        """
        found = [each for each in self._all_speakers(at, answers) if each.person == person]
        own = [each for each in found if each.stands_in_for is None]
        return next((each.voice for each in (*own, *found)), None)

    def speakers(self, at: datetime, answers: Mapping[str, Decision]) -> list[Speaker]:
        """Whose word is wanted at a moment, each person once."""
        people: dict[str, Speaker] = {}
        everybody = self._all_speakers(at, answers)
        for each in sorted(everybody, key=lambda speaker: speaker.stands_in_for is not None):
            people.setdefault(each.person, each)
        return list(people.values())

    def successors(self, person: str, voice: str, at: datetime) -> tuple[str, ...]:
        """To whom a person may hand this voice: their group, their stand-ins, those above.

        Nobody who has a voice of their own, since a person has one.
        """
        members = next(each.members for each in self._voices if each.name == voice)
        group = [member for member in members if member != person]
        standing_in = [
            each.to
            for each in self._policy.delegations
            if each.of in members and each.begins_at <= at < each.ends_at
        ]
        above = self._policy.escalation.to if self._policy.escalation else ()
        others = {member for each in self._voices for member in each.members if each.name != voice}
        taken = {holder for holder, _ in self._holders.values()}
        busy = {*others, *taken, person}
        found = dict.fromkeys([*group, *standing_in, *above])
        return tuple(each for each in found if each not in busy and self.may_decide(each))

    def changes_after(self, now: datetime, answers: Mapping[str, Decision]) -> list[datetime]:
        """The moments after `now` in which somebody else may speak, or may no more."""
        moments = []
        for voice, since in self._open(answers):
            if self._policy.escalation is not None:
                moments.append(since + timedelta(seconds=self._policy.escalation.after_seconds))
            for each in self._policy.delegations:
                if each.of in voice.members:
                    moments += [each.begins_at, each.ends_at]
        return [moment for moment in moments if moment > now]

    def _has_a_speaker(self, voice: Voice) -> bool:
        people = [
            *voice.members,
            *(d.to for d in self._policy.delegations if d.of in voice.members),
        ]
        people += self._policy.escalation.to if self._policy.escalation else ()
        return any(self.may_decide(person) for person in people)

    def _open(self, answers: Mapping[str, Decision]) -> Iterator[tuple[Voice, datetime]]:
        """The voices whose turn it is and that have given no answer, and since when."""
        since = self._asked_at
        for voice in self._voices:
            if voice.name not in answers:
                yield voice, since
            if self._policy.order is Order.SEQUENCE:
                if voice.name not in self._answered:
                    return
                since = max(since, self._answered[voice.name])

    def _all_speakers(self, at: datetime, answers: Mapping[str, Decision]) -> list[Speaker]:
        """Everybody who may speak, once for each voice; who has spoken has had their word."""
        spoken = {answer.approver for answer in answers.values()}
        return [
            speaker
            for voice, since in self._open(answers)
            for speaker in self._speakers_of(voice, since, at)
            if speaker.person not in spoken and self.may_decide(speaker.person)
        ]

    def _speakers_of(self, voice: Voice, since: datetime, at: datetime) -> Iterator[Speaker]:
        holder = self._holders.get(voice.name)
        if holder is not None:
            person, handed_on_at = holder
            yield Speaker(person, voice.name, max(since, handed_on_at), Purpose.REQUEST, voice.name)
        else:
            yield from self._members_and_stand_ins(voice, since, at)
        escalation = self._policy.escalation
        if escalation is not None:
            from_then = since + timedelta(seconds=escalation.after_seconds)
            if from_then <= at:
                for person in escalation.to:
                    yield Speaker(person, voice.name, from_then, Purpose.ESCALATION, voice.name)

    def _members_and_stand_ins(
        self, voice: Voice, since: datetime, at: datetime
    ) -> Iterator[Speaker]:
        for member in voice.members:
            yield Speaker(member, voice.name, since, Purpose.REQUEST)
        for each in self._policy.delegations:
            if each.of in voice.members and each.begins_at <= at < each.ends_at:
                from_then = max(since, each.begins_at)
                yield Speaker(each.to, voice.name, from_then, Purpose.REQUEST, each.of)
