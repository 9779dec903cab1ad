"""What the answers so far mean for an ask: one pure function of policy, answers and time.

Answers are gone through in the order in which they were made, whatever the order of reading; the
first moment in which they settle the ask is the last one that is looked at. So repeats, late
answers and another order of reading cannot give another verdict.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.domain.ask import Ask
from shared.domain.calendar import takes_effect_at
from shared.domain.decision import Choice, Decision
from shared.domain.policy import Rejection
from shared.domain.voices import Floor, Speaker


class Verdict(StrEnum):
    """What comes next for a stage that people are asked about."""

    WAIT = "Wait"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    EXPIRED = "Expired"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and what explains it."""

    verdict: Verdict
    decision: Decision | None = None
    """The answer that settled it."""

    settled_at: datetime | None = None
    """When that took effect."""

    answers: tuple[Decision, ...] = ()
    """Every voice's newest answer that counted, in the order in which they were made."""

    approvals: int = 0
    """How many of them are a yes, whether in effect already or later."""

    required: int = 1
    """How many voices have to approve."""

    effect_at: datetime | None = None
    """While it waits: when the answers that are there settle it, if nobody changes their mind."""

    speakers: tuple[Speaker, ...] = ()
    """While it waits: whose word is wanted now."""

    wakes_at: datetime | None = None
    """While it waits: the next moment in which all this can change by itself."""

    def answer_of(self, person: str) -> Decision | None:
        """The person's answer that counted."""
        return next((each for each in self.answers if each.approver == person), None)


def judge(ask: Ask, decisions: Iterable[Decision], now: datetime) -> Judgement:
    """The verdict over an ask.

    A decision counts when it answers this ask, was made in time, about the same content, by
    someone whose word was wanted at that moment; any other changes nothing. Of answers that take
    effect at the same moment a rejection comes first.

    Args:
        ask: What was asked.
        decisions: All decisions over the stage, in any order, with or without repeats.
        now: The time; a clock that is behind the newest decision that counts is taken to stand
            at it.
    """
    return _tally(ask, decisions, now).judgement()


def successors(
    ask: Ask, decisions: Iterable[Decision], person: str, now: datetime
) -> tuple[str, ...]:
    """To whom a person may hand their voice now; empty where they have none to hand on."""
    return _tally(ask, decisions, now).successors(person)


def answers_by_voice(ask: Ask, decisions: Iterable[Decision], now: datetime) -> dict[str, Decision]:
    """Every voice's newest answer that counted, by the voice's name."""
    return _tally(ask, decisions, now).by_voice()


def is_possible(ask: Ask) -> bool:
    """Whether as many voices can be heard as have to approve."""
    return Floor(ask).is_possible


def answers_to(ask: Ask, decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions over one ask, in the order in which they were made, repeats left out."""
    return sorted({each for each in decisions if each.ask == ask.number}, key=_order)


def _tally(ask: Ask, decisions: Iterable[Decision], now: datetime) -> "_Tally":
    """All that was said up to now; what was not theirs to say does not move the clock either."""
    said = [each for each in answers_to(ask, decisions) if _counts(ask, each)]
    trial = _Tally(ask)
    said = [each for each in said if trial.hear(each)]
    tally = _Tally(ask)
    for each in said:
        tally.hear(each)
    tally.pass_to(now)
    return tally


def _counts(ask: Ask, decision: Decision) -> bool:
    return (
        decision.digest == ask.digest
        and ask.asked_at <= decision.at < ask.expires_at
        and (decision.signed_in or not ask.terms.require_sign_in)
    )


def _order(decision: Decision) -> tuple[datetime, bool, str, int, str]:
    """By time; at the same moment rejections first, then so that all readers agree."""
    no = decision.choice is Choice.REJECT
    return (decision.at, not no, decision.approver, decision.revision, repr(decision))


class _Tally:
    """The answers that count up to a moment, and whether they have settled the ask."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._floor = Floor(ask)
        self._answers: dict[str, Decision] = {}
        """By voice."""
        self._heard: dict[str, int] = {}
        """The newest revision of each person."""
        self._now = ask.asked_at
        self._settled: tuple[Verdict, Decision, datetime] | None = None

    def pass_to(self, moment: datetime) -> None:
        """Let time go by: answers take effect, and the last one that is needed settles it."""
        self._now = max(self._now, moment)
        while self._settled is None and (due := self._due()) is not None:
            at, voice = due
            self._floor.answered(voice, at)
            verdict = self._verdict(filter(self._floor.is_answered, self._answers))
            if verdict is not None:
                self._settled = (verdict, self._answers[voice], at)

    def hear(self, decision: Decision) -> bool:
        """Take an answer in, if it is this person's to give at its time; whether it was."""
        self.pass_to(decision.at)
        person = decision.approver
        voice = self._voice_of(person)
        if voice is None or decision.revision <= self._heard.get(person, 0):
            return False
        if decision.choice is Choice.REASSIGN:
            if decision.to is None or decision.to not in self.successors(person):
                return False
            self._answers.pop(voice, None)
            self._floor.hand_on(voice, person, decision.to, self._now)
        else:
            self._answers[voice] = decision
        self._heard[person] = decision.revision
        self._floor.silenced(voice)
        return True

    def successors(self, person: str) -> tuple[str, ...]:
        """To whom a person may hand their voice."""
        voice = self._voice_of(person)
        if voice is None:
            return ()
        return self._floor.successors(person, voice, self._now, self._answers)

    def by_voice(self) -> dict[str, Decision]:
        """The answers so far."""
        return dict(self._answers)

    def judgement(self) -> Judgement:
        """Where the ask stands."""
        answers = tuple(sorted(self._answers.values(), key=_order))
        so_far = Judgement(
            Verdict.WAIT,
            answers=answers,
            approvals=sum(each.approves for each in answers),
            required=self._floor.required,
        )
        if self._settled is not None:
            verdict, decision, at = self._settled
            return replace(so_far, verdict=verdict, decision=decision, settled_at=at)
        effect_at = self._effect_at()
        if self._is_late:
            verdict = Verdict.EXPIRED if effect_at is None else Verdict.WAIT
            return replace(so_far, verdict=verdict, effect_at=effect_at, wakes_at=effect_at)
        return replace(
            so_far,
            effect_at=effect_at,
            speakers=tuple(self._floor.speakers(self._now, self._answers)),
            wakes_at=self._wakes_at(),
        )

    @property
    def _is_late(self) -> bool:
        return self._now >= self._ask.expires_at

    def _wakes_at(self) -> datetime:
        changes = self._floor.changes_after(self._now, self._answers)
        moments = (self._ask.expires_at, *self._effects().values(), *changes)
        return min(moment for moment in moments if moment > self._now)

    def _voice_of(self, person: str) -> str | None:
        """The voice that the person may answer for now, or has answered for; None once it ends."""
        if self._settled is not None or self._is_late:
            return None
        found = (v for v, answer in self._answers.items() if answer.approver == person)
        return next(found, None) or self._floor.voice_for(person, self._now, self._answers)

    def _effects(self) -> Mapping[str, datetime]:
        """When each voice's answer takes effect."""
        return {
            voice: takes_effect_at(self._ask.terms, max(each.effective_at or each.at, each.at))
            for voice, each in self._answers.items()
        }

    def _due(self) -> tuple[datetime, str] | None:
        """The next answer that takes effect by now: when, and whose voice."""
        waiting = [
            (at, self._answers[voice].approves, _order(self._answers[voice]), voice)
            for voice, at in self._effects().items()
            if at <= self._now and not self._floor.is_answered(voice)
        ]
        if not waiting:
            return None
        at, _, _, voice = min(waiting)
        return at, voice

    def _verdict(self, voices: Iterable[str]) -> Verdict | None:
        """What the answers of voices settle when they are in effect."""
        said = [self._answers[voice].approves for voice in voices]
        yes, no = said.count(True), said.count(False)
        required, left = self._floor.required, self._floor.count - no
        if no and (self._ask.terms.reject is Rejection.FIRST or left < required):
            return Verdict.REJECTED
        return Verdict.APPROVED if 1 <= required <= yes else None

    def _effect_at(self) -> datetime | None:
        """When the answers that are there settle it, if nobody says anything more."""
        effects = self._effects()
        for moment in sorted(set(effects.values())):
            if self._verdict(v for v, at in effects.items() if at <= moment) is not None:
                return moment
        return None
