"""What a link in a mail leads to now: an open question, or what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.approval import Judgement, answers_by_voice, answers_to, judge
from shared.domain.ask import Ask
from shared.domain.decision import Choice, Decision
from shared.domain.policy import ApprovalPolicy
from shared.domain.release import Outcome, Release, ReleaseId, StageRecord, StageState
from shared.domain.voices import Speaker
from shared.ports import DIGEST_LENGTH, Link, Services, Stored

MAX_AGE_SECONDS: Final = 400 * 86_400.0
"""Links that are older are not looked at."""

GRACE: Final = timedelta(days=30)
"""How long after its expiry an ask still says what became of it."""

NO_RELEASE: Final = ReleaseId("-")
"""Is looked up where a token names none, so that all dead links cost the same."""

_LEAST: Final = timedelta(microseconds=1)


class Standing(StrEnum):
    """How an ask stands, for the person whose link it is."""

    OPEN = "open"
    """They may decide."""
    ANSWERED = "answered"
    """They have decided, and may change their mind."""
    SETTLED = "settled"
    """The answers that there are have settled it."""
    SPOKEN_FOR = "spoken-for"
    """Somebody else has answered with the voice that they could have answered with."""
    HANDED_ON = "handed-on"
    """They have handed their voice on."""
    NOT_YET = "not-yet"
    """Others come first, or they have no turn any more."""
    ASKED_AGAIN = "asked-again"
    """What was asked about has changed: this ask is void."""
    REVOKED = "revoked"
    """The link was revoked, and another one mailed."""
    EXPIRED = "expired"
    """The time to answer is over."""
    SUPERSEDED = "superseded"
    """A newer version takes this one's place."""
    ABORTING = "aborting"
    """Somebody is stopping the release."""
    OVER = "over"
    """The release has ended otherwise."""


@dataclass(frozen=True, slots=True)
class Case:
    """An ask and one person who was asked."""

    stored: Stored
    record: StageRecord
    ask: Ask
    """The stage's newest ask; the link's own unless that is void."""

    link: Link
    person: str
    """Mail address; empty where the ask that this person was asked in is void."""

    decisions: tuple[Decision, ...]
    """What was answered to the ask, in order; empty where it is void."""

    judgement: Judgement
    now: datetime
    """When this is so; later than every decision over the ask."""

    standing: Standing = Standing.ASKED_AGAIN
    explains: Decision | None = None
    """The answer that is the reason for the standing."""

    @property
    def release(self) -> Release:
        """The release as it was read."""
        return self.stored.release

    @property
    def policy(self) -> ApprovalPolicy:
        """What the ask is judged by."""
        return self.ask.terms

    @property
    def may_answer(self) -> bool:
        """Whether an answer of this person would count now."""
        return self.standing in (Standing.OPEN, Standing.ANSWERED)

    @property
    def own(self) -> tuple[Decision, ...]:
        """What this person has answered, in order."""
        return tuple(each for each in self.decisions if each.approver == self.person)

    @property
    def revision(self) -> int:
        """Of their newest answer; 0 where there is none."""
        return max((each.revision for each in self.own), default=0)

    @property
    def speaker(self) -> Speaker | None:
        """Whose voice they have, while their word is wanted."""
        found = (each for each in self.judgement.speakers if each.person == self.person)
        return next(found, None)


def read_link(services: Services, token: str) -> Link | None:
    """What a token stands for; None where it is none of ours."""
    return services.links.read(token=token, max_age_seconds=MAX_AGE_SECONDS)


def find_case(services: Services, link: Link | None) -> Case | None:
    """What a link leads to; None where it leads nowhere, whatever the reason."""
    stored = services.store.get(release_id=link.release_id if link else NO_RELEASE)
    if link is None or stored is None or link.stage >= len(stored.release.stages):
        return None
    record = stored.release.stages[link.stage]
    ask, now = record.ask, services.clock.now()
    if ask is None or now >= ask.expires_at + GRACE or not _fits(link, ask):
        return None
    if link.ask < ask.number or link.series < ask.series:
        return _void_case(stored, record, ask, link, now)
    decisions = [
        each
        for each in services.store.decisions(release_id=link.release_id)
        if each.stage == record.name
    ]
    answers = answers_to(ask, decisions)
    # an answer that was before what it answers would not count
    now = max([now, ask.asked_at, *(each.at + _LEAST for each in answers[-1:])])
    case = Case(
        stored=stored,
        record=record,
        ask=ask,
        link=link,
        person=ask.roster[link.person],
        decisions=tuple(answers),
        judgement=judge(ask, answers, now),
        now=now,
    )
    standing, explains = _standing(case)
    return replace(case, standing=standing, explains=explains)


def _fits(link: Link, ask: Ask) -> bool:
    """Whether the link was made for this ask, or for an earlier one of the same stage."""
    if link.ask != ask.number:
        return link.ask < ask.number
    return (
        link.digest == ask.digest[:DIGEST_LENGTH]
        and link.person < len(ask.roster)
        and link.series <= ask.series
    )


def _void_case(stored: Stored, record: StageRecord, ask: Ask, link: Link, now: datetime) -> Case:
    """The case of a link of an earlier ask, or of a revoked one: it names nobody.

    Others may be asked by now, and who holds a revoked link is who should not.
    """
    is_revoked = link.series < ask.series
    return Case(
        stored=stored,
        record=record,
        ask=ask,
        link=link,
        person="",
        decisions=(),
        judgement=judge(ask, (), now),
        now=now,
        standing=Standing.REVOKED
        if is_revoked
        else _of_release(stored.release) or Standing.ASKED_AGAIN,
    )


def _standing(case: Case) -> tuple[Standing, Decision | None]:
    """The first that holds, and the answer that explains it."""
    is_waiting = case.record.state is StageState.WAITING
    is_void = case.ask.used and case.record.workspace is None  # it would have begun otherwise
    settled = case.judgement.decision
    if settled is not None and not is_void and not _is_superseded(case.release):
        return Standing.SETTLED, settled
    ended = _of_release(case.release)
    if ended is not None:
        return ended, None
    if is_void:
        return Standing.ASKED_AGAIN, None
    return _of_open_ask(case) if is_waiting else (Standing.SETTLED, settled)


def _of_release(release: Release) -> Standing | None:
    """How a release that goes no further stands."""
    if _is_superseded(release):
        return Standing.SUPERSEDED
    outcome = release.outcome or release.ending
    if outcome is None:
        return None
    return Standing.EXPIRED if outcome is Outcome.EXPIRED else Standing.OVER


def _is_superseded(release: Release) -> bool:
    return release.superseded_by is not None or release.outcome is Outcome.SUPERSEDED


def _of_open_ask(case: Case) -> tuple[Standing, Decision | None]:
    """How an ask that waits for people stands for one of them."""
    if case.release.abort_requested_by is not None:
        return Standing.ABORTING, None
    if case.now >= case.ask.expires_at:
        return Standing.EXPIRED, None
    answer = case.judgement.answer_of(case.person)
    if answer is not None:
        return Standing.ANSWERED, answer
    if case.speaker is not None:
        return Standing.OPEN, None
    return _of_silent(case)


def _of_silent(case: Case) -> tuple[Standing, Decision | None]:
    """Why nobody waits for the word of a person who has none that counts."""
    newest = next(reversed(case.own), None)
    if newest is not None and newest.choice is Choice.REASSIGN:
        return Standing.HANDED_ON, newest
    spoken = answers_by_voice(case.ask, case.decisions, case.now)
    for voice in _voices_of(case):
        if voice in spoken:
            return Standing.SPOKEN_FOR, spoken[voice]
    return Standing.NOT_YET, None


def _voices_of(case: Case) -> list[str]:
    """The voices that a person may ever speak for: their own, and those of others."""
    policy, person = case.policy, case.person
    people = {person, *(each.of for each in policy.delegations if each.to == person)}
    is_above = policy.escalation is not None and person in policy.escalation.to
    return [voice.name for voice in policy.voices if is_above or people.intersection(voice.members)]
