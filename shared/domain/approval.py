"""What the answers so far mean for an ask: one pure function of policy, answers and time.

Answers are gone through in the order in which they were made, whatever the order of reading; the
first moment in which they settle the ask is the last one that is looked at. So repeats, late
answers and another order of reading cannot give another verdict.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    someone whose word was wanted at that moment. In a tie a rejection wins.

    Args:
        ask: What was asked.
        decisions: All decisions over the stage, in any order, with or without repeats.
        now: The time; a clock that is behind the newest decision is taken to stand at it.
    """
    heard = _heard(ask, decisions)
    now = max([now, *(each.at for each in heard[-1:])])
    return _tally(ask, heard, now).judgement(now)


def successors(
    ask: Ask, decisions: Iterable[Decision], person: str, now: datetime
) -> tuple[str, ...]:
    """To whom a person may hand their voice now; empty where they have none to hand on."""
    return _tally(ask, _heard(ask, decisions), now).successors(person, now)


def answers_by_voice(ask: Ask, decisions: Iterable[Decision], now: datetime) -> dict[str, Decision]:
    """Every voice's newest answer that counted, by the voice's name."""
    return _tally(ask, _heard(ask, decisions), now).by_voice()


def is_possible(ask: Ask) -> bool:
    """Whether as many voices can be heard as have to approve."""
    return Floor(ask).is_possible


def answers_to(ask: Ask, decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions over one ask, in the order in which they were made, repeats left out."""
    return sorted({each for each in decisions if each.ask == ask.number}, key=_order)


def _heard(ask: Ask, decisions: Iterable[Decision]) -> list[Decision]:
    return sorted({each for each in decisions if _counts(ask, each)}, key=_order)


def _tally(ask: Ask, heard: Iterable[Decision], now: datetime) -> "_Tally":
    tally = _Tally(ask)
    for decision in heard:
        tally.pass_to(decision.at)
        if tally.settled is None:
            tally.hear(decision)
    tally.pass_to(now)
    return tally


def _counts(ask: Ask, decision: Decision) -> bool:
    return (
        decision.ask == ask.number
        and decision.digest == ask.digest
        and ask.asked_at <= decision.at < ask.expires_at
    )


def _order(decision: Decision) -> tuple[datetime, bool, str, int, str, str]:
    """By time; at the same moment rejections first, then so that all readers agree."""
    no = decision.choice is Choice.REJECT
    person, revision = decision.approver, decision.revision
    return (decision.at, not no, person, revision, decision.choice, decision.comment)


class _Tally:
    """The answers that count up to a moment, and whether they have settled the ask."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._floor = Floor(ask)
        self._answers: dict[str, Decision] = {}
        """By voice."""
        self._heard: dict[str, int] = {}
        """The newest revision of each person."""
        self.settled: tuple[Verdict, Decision, datetime] | None = None

    def pass_to(self, moment: datetime) -> None:
        """Let time go by: answers take effect, and the last one that is needed settles it."""
        while self.settled is None:
            due = self._due_by(moment)
            if due is None:
                return
            at, voice = due
            self._floor.answered(voice, at)
            self._settle(at)

    def hear(self, decision: Decision) -> None:
        """Take an answer in, if it is this person's to give now."""
        person, at = decision.approver, decision.at
        if decision.revision <= self._heard.get(person, 0):
            return
        voice = self._voice_of(person) or self._floor.voice_for(person, at, self._answers)
        if voice is None:
            return
        if decision.choice is Choice.REASSIGN:
            if decision.to not in self._floor.successors(person, voice, at):
                return
            self._floor.hand_on(voice, decision.to or "", at)
            self._answers.pop(voice, None)
        else:
            self._answers.pop(voice, None)
            self._answers[voice] = decision
        self._heard[person] = decision.revision
        self._floor.silenced(voice)
        self.pass_to(at)

    def successors(self, person: str, now: datetime) -> tuple[str, ...]:
        """To whom a person may hand their voice."""
        voice = self._voice_of(person) or self._floor.voice_for(person, now, self._answers)
        if voice is None or self.settled is not None or now >= self._ask.expires_at:
            return ()
        return self._floor.successors(person, voice, now)

    def by_voice(self) -> dict[str, Decision]:
        """The answers so far."""
        return dict(self._answers)

    def judgement(self, now: datetime) -> Judgement:
        """Where the ask stands at `now`."""
        answers = tuple(sorted(self._answers.values(), key=_order))
        approvals, required = sum(each.approves for each in answers), self._floor.required
        if self.settled is not None:
            verdict, decision, at = self.settled
            return Judgement(verdict, decision, at, answers, approvals, required)
        effect_at = self._effect_at()
        if now >= self._ask.expires_at:
            verdict = Verdict.EXPIRED if effect_at is None else Verdict.WAIT
            return Judgement(
                verdict,
                answers=answers,
                approvals=approvals,
                required=required,
                effect_at=effect_at,
                wakes_at=effect_at,
            )
        speakers = self._floor.speakers(now, self._answers)
        moments = [
            self._ask.expires_at,
            *self._effects().values(),
            *self._floor.changes_after(now, self._answers),
        ]
        return Judgement(
            Verdict.WAIT,
            answers=answers,
            approvals=approvals,
            required=required,
            effect_at=effect_at,
            speakers=tuple(speakers),
            wakes_at=min(moment for moment in moments if moment > now),
        )

    def _voice_of(self, person: str) -> str | None:
        """The voice that the person has answered for."""
        found = (v for v, answer in self._answers.items() if answer.approver == person)
        return next(found, None)

    def _effects(self) -> Mapping[str, datetime]:
        """When each voice's answer takes effect."""
        return {
            voice: takes_effect_at(self._ask.terms, max(each.effective_at or each.at, each.at))
            for voice, each in self._answers.items()
        }

    def _due_by(self, moment: datetime) -> tuple[datetime, str] | None:
        """The next answer that takes effect up to a moment: when, and whose voice."""
        waiting = [
            (at, self._answers[voice].approves, voice)
            for voice, at in self._effects().items()
            if at <= moment and not self._floor.is_answered(voice)
        ]
        if not waiting:
            return None
        at, _, voice = min(waiting)
        return at, voice

    def _settle(self, at: datetime) -> None:
        effective = [
            answer for voice, answer in self._answers.items() if self._floor.is_answered(voice)
        ]
        settled = self._verdict(effective)
        if settled is not None:
            self.settled = (*settled, at)

    def _verdict(self, effective: list[Decision]) -> tuple[Verdict, Decision] | None:
        """What answers that are in effect settle, and by which of them."""
        yes = sorted((each for each in effective if each.approves), key=_order)
        no = sorted((each for each in effective if not each.approves), key=_order)
        required, left = self._floor.required, self._floor.count - len(no)
        if no and (self._ask.terms.reject is Rejection.FIRST or left < required):
            return Verdict.REJECTED, no[-1]
        if len(yes) >= required:
            return Verdict.APPROVED, yes[-1]
        return None

    def _effect_at(self) -> datetime | None:
        """When the answers that are there settle it, if nobody says anything more."""
        effects = self._effects()
        for moment in sorted(set(effects.values())):
            effective = [self._answers[voice] for voice, at in effects.items() if at <= moment]
            if self._verdict(effective) is not None:
                return moment
        return None
