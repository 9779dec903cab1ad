"""One request for approval, as it was made."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.policy import ApprovalPolicy, of_people


class Purpose(StrEnum):
    """Why a mail is sent to someone who is asked."""

    REQUEST = "request"
    """The first word that they get of it."""
    REMINDER = "reminder"
    ESCALATION = "escalation"
    """Somebody else has stayed silent."""
    NEW_LINK = "new-link"
    """They have answered, and the link by which they could change that was revoked."""
    VOIDED = "voided"
    """What they answered about has changed, and nobody waits for their word now."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Who is asked, of what, until when, and under which policy."""

    number: int
    """1 for the first; people are asked again when what they approved has changed."""

    asked_at: datetime
    expires_at: datetime
    digest: str
    """Over the evidence: artefacts, measurements, configuration, policy. What a decision is
    bound to."""

    approvers: tuple[str, ...]
    """Whose word is wanted, in the policy's order, without who may not decide."""

    policy: ApprovalPolicy | None = None
    """As it was when people were asked; None in asks of before there were policies."""

    requester: str | None = None
    """Who registered the model, as Azure ML names them, or started the release by hand; empty
    where nobody is named, so that it may be anybody. None in asks of before that was so: there
    nobody is kept from deciding."""

    used: bool = False
    """Whether it is over: an approval was used up to start the stage, or it is void."""

    series: int = 1
    """Raised to revoke every link that is out."""

    roster: tuple[str, ...] = ()
    """Everybody whom a mail was meant for. A link names its person by the place in here, so
    that it holds no personal data; nobody ever leaves or moves."""

    voided: tuple[str, ...] = ()
    """Whose answers to the ask before this one count no more."""

    mailed: tuple[str, ...] = ()
    """The mails that were accepted, by `mail_key`."""

    first_mailed: tuple[tuple[str, datetime], ...] = ()
    """When people's first mails were accepted, by `mail_key`: reminders count from then."""

    refused: tuple[str, ...] = ()
    """The mails that cannot be delivered, by `mail_key`."""

    unseen: tuple[str, ...] = ()
    """The mails that were accepted, and of which it is not known yet that they were not dropped."""

    look_at: datetime | None = None
    """When to look what became of these."""

    heard: int = 0
    """How many decisions the workflow has looked at; more in the store are news."""

    probed_at: datetime | None = None
    """When the stage before was last probed while people think."""

    degraded: tuple[str, ...] = ()
    """What was wrong then; approvals take no effect while there is anything."""

    unprobed: str = ""
    """Why the stage before is not probed any more; empty while it is."""

    overtakes: str | None = None
    """The newer version that the approvers agreed to put this one over; set when it is used."""

    @property
    def terms(self) -> ApprovalPolicy:
        """The policy that this ask is judged by."""
        if self.policy is not None:
            return self.policy
        seconds = (self.expires_at - self.asked_at).total_seconds()
        return of_people(*self.approvers, timeout_seconds=seconds)

    def place_of(self, person: str) -> int | None:
        """The person's place in the roster."""
        return self.roster.index(person) if person in self.roster else None


@dataclass(frozen=True, slots=True)
class MailName:
    """What the key of a mail says."""

    purpose: str
    """A `Purpose`, or what a newer version of this app has besides these."""

    number: int
    """Counts reminders, hand-overs before a request, series of links; 0 for anything else."""

    person: str
    """To whom it goes."""

    voice: str | None = None
    """For whose voice, where it is not their own: a stand-in is asked anew for every voice."""

    @property
    def goes_out_anew(self) -> bool:
        """Whether the mail is owed once more when links are revoked."""
        return self.purpose not in (Purpose.REMINDER, Purpose.VOIDED)


_KEY = re.compile(r"(.+?)-([0-9]{1,9}) (\S+)(?: for (.*))?", re.DOTALL)
"""Addresses have no spaces (`shared.pipelines.fields`); a voice's name may hold anything."""


def mail_key(purpose: Purpose, number: int, person: str, voice: str | None = None) -> str:
    """Names a mail of an ask: `reminder-2 ada@example.com for release managers`.

    Args:
        purpose: Why it is sent.
        number: See `MailName`.
        person: A mail address.
        voice: See `MailName`.
    """
    key = f"{purpose}-{number} {person}"
    return key if voice is None else f"{key} for {voice}"


def read_mail_key(key: str) -> MailName:
    """What `mail_key` made a key of, whatever is stored: keys outlive the code that wrote them.

    Before there were reminders a key was the person alone, who had got a request.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        return MailName(Purpose.REQUEST, 0, key)
    purpose, number, person, voice = found.groups()
    return MailName(purpose, int(number), person, voice)
