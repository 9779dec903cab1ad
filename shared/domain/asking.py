"""Which mails are owed for an ask, and when the next one is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.approval import Judgement, Verdict
from shared.domain.ask import Ask, Purpose, mail_key, read_mail_key
from shared.domain.names import operation_id
from shared.domain.release import ReleaseId
from shared.domain.voices import Speaker


@dataclass(frozen=True, slots=True)
class Owed:
    """A mail that somebody should have by now."""

    speaker: Speaker
    purpose: Purpose
    number: int
    """Counts reminders; how often a voice was handed on before a request; the series of a new
    link; 0 for anything else."""

    @property
    def key(self) -> str:
        """Names it within the ask; a stand-in is asked anew for every voice."""
        speaker = self.speaker
        voice = None if speaker.stands_in_for is None else speaker.voice
        return mail_key(self.purpose, self.number, speaker.person, voice)


def request_id(release_id: ReleaseId, stage: str, ask: Ask, key: str) -> str:
    """The operation id of an ask's mail, by its key: of a new series of links another one."""
    return operation_id(release_id, stage, str(ask.number), str(ask.series), key)


def owed(ask: Ask, judgement: Judgement, now: datetime) -> list[Owed]:
    """The mails that are due and were neither accepted nor refused for good.

    Of several reminders that are late, because no mail could be sent meanwhile, the newest alone.
    """
    due = [_due(ask, speaker, now) for speaker in judgement.speakers]
    if judgement.verdict is Verdict.WAIT:
        due += [*_new_links(ask, judgement), *_voided(ask, judgement)]
    return [mail for mail in due if mail.key not in (*ask.mailed, *ask.refused)]


def next_mail_at(ask: Ask, judgement: Judgement, now: datetime) -> datetime | None:
    """When the next reminder is due, if nobody answers."""
    return min(
        (
            moment
            for speaker in judgement.speakers
            for moment in _reminders(ask, speaker)
            if moment > now
        ),
        default=None,
    )


def asked_at(ask: Ask, speaker: Speaker) -> datetime:
    """When somebody's first mail was accepted; until it is, since when their word is wanted."""
    return dict(ask.first_mailed).get(_first(speaker).key, speaker.since)


def _first(speaker: Speaker) -> Owed:
    return Owed(speaker, speaker.purpose, speaker.handed_on)


def _due(ask: Ask, speaker: Speaker, now: datetime) -> Owed:
    first = _first(speaker)
    if first.key not in ask.mailed:
        return first  # also where it was refused: who got no mail gets no reminder either
    past = [moment for moment in _reminders(ask, speaker) if moment <= now]
    # counted on with every hand-over: who gets a voice back is reminded anew
    before = len(ask.terms.reminders_seconds) * max(speaker.handed_on - 1, 0)
    return Owed(speaker, Purpose.REMINDER, before + len(past)) if past else first


def _new_links(ask: Ask, judgement: Judgement) -> Iterator[Owed]:
    """To those whose answer stands, and whose link was revoked since: it may not be theirs."""
    if ask.series == 1:
        return
    mailed = map(read_mail_key, ask.mailed)
    have_one = {mail.person for mail in mailed if mail.goes_out_anew}
    for answer in judgement.answers:
        person = answer.approver
        if person not in have_one:
            speaker = Speaker(person, person, ask.asked_at, Purpose.NEW_LINK)
            yield Owed(speaker, Purpose.NEW_LINK, ask.series)


def _voided(ask: Ask, judgement: Judgement) -> Iterator[Owed]:
    """To those who answered the ask before, and are not asked again now."""
    heard_of_it = {
        *(speaker.person for speaker in judgement.speakers),
        *(answer.approver for answer in judgement.answers),
    }
    for person in ask.voided:
        if person not in heard_of_it:
            yield Owed(Speaker(person, person, ask.asked_at, Purpose.VOIDED), Purpose.VOIDED, 0)


def _reminders(ask: Ask, speaker: Speaker) -> Iterator[datetime]:
    for seconds in ask.terms.reminders_seconds:
        moment = asked_at(ask, speaker) + timedelta(seconds=seconds)
        if moment < ask.expires_at:
            yield moment
