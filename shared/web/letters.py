"""The `Letters` port: mails from templates, in text and HTML."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.domain.ask import Ask, Purpose
from shared.domain.asking import Owed, asked_at, request_id
from shared.domain.decision import Decision
from shared.domain.evidence import Evidence
from shared.domain.names import operation_id
from shared.domain.release import Release
from shared.domain.shortage import doubt, ways_out
from shared.domain.voices import Speaker
from shared.ports import Mail
from shared.web.documents import release_path
from shared.web.facts import facts_of
from shared.web.people import called
from shared.web.render import render
from shared.web.times import moment


class HtmlLetters:
    """See `shared.ports.Letters`."""

    def __init__(self, *, base_url: str) -> None:
        """Letters of the service at `base_url`, for example `https://modelgate.example`."""
        self._base_url = base_url.rstrip("/")

    def approval_request(
        self,
        *,
        release: Release,
        stage: str,
        evidence: Evidence,
        owed: Owed,
        url: str,
        code: str | None,
        now: datetime,
    ) -> Mail:
        """To one person who is asked: what is asked and why now, what is known, one link, a code.

        All mails of an ask have one subject, by which some programs tell what belongs together.
        """
        ask = release.stage_named(stage).ask
        assert ask is not None, "people are told of an ask that is stored"
        is_void = owed.purpose is Purpose.VOIDED
        return _mail(
            "answer_void" if is_void else "approval_request",
            operation_id=request_id(release.id, stage, ask, owed.key),
            to=owed.speaker.person,
            thread=release.id,
            zone=ask.terms.time_zone,
            facts=facts_of(release, stage, ask, evidence),
            policy=ask.terms,
            reasons=reasons_of(ask, owed),
            seconds_left=(ask.expires_at - now).total_seconds(),
            is_reminder=owed.purpose is Purpose.REMINDER,
            has_answered=owed.purpose is Purpose.NEW_LINK,
            person=owed.speaker.person,
            url=url,
            code=_grouped(code) if code else None,
        )

    def too_few_approvers(self, *, release: Release, stage: str, to: str) -> Mail:
        """To one owner: nobody can be asked at this stage, why, and what to do about it."""
        shortage = release.stage_named(stage).shortage
        assert shortage is not None, "owners are told of one that is stored"
        registrant = shortage.is_registrant
        since = shortage.since.isoformat()
        return _mail(
            "too_few_approvers",
            operation_id=operation_id(release.id, stage, "too-few-approvers", since, to),
            to=to,
            thread=release.id,
            zone="UTC",
            release=release,
            stage=stage,
            shortage=shortage,
            why=doubt(shortage.requester, shortage.left_out, is_registrant=registrant),
            ways=ways_out(shortage),
            status_url=self._base_url + release_path(release.id),
        )

    def release_ended(
        self, *, release: Release, decisions: Sequence[Decision], to: str, was_asked: bool
    ) -> Mail:
        """To one owner, or to one person who was asked: how a release ended, and why.

        Who was asked gets it as an answer to the question: some programs thread by the subject.
        """
        assert release.outcome is not None, "people are told of an end that is stored"
        asks = [stage.ask for stage in release.stages if stage.ask is not None]
        return _mail(
            "release_ended",
            operation_id=operation_id(release.id, "ended", to),
            to=to,
            thread=release.id,
            zone=asks[-1].terms.time_zone if asks else "UTC",
            release=release,
            stage=next((each.name for each in reversed(release.stages) if each.ask), "")
            if was_asked
            else "",
            answers=[(each, _remark(release, each)) for each in decisions],
            was_asked=was_asked,
            status_url=self._base_url + release_path(release.id),
        )


def reasons_of(ask: Ask, owed: Owed) -> list[str]:
    """Why this person gets this mail now, in sentences; none where they are simply asked."""
    speaker, policy = owed.speaker, ask.terms
    reasons = []
    if owed.purpose is Purpose.NEW_LINK:
        reasons.append(
            "Your answer stands, but the links that were mailed are revoked: this is the new one, "
            "by which you may change it. If it was not you who answered, do so."
        )
    if owed.purpose is Purpose.REMINDER:
        since = moment(asked_at(ask, speaker), policy.time_zone)
        reasons.append(f"You were asked on {since} and have not answered yet.")
    if speaker.purpose is Purpose.ESCALATION:
        reasons.append(_silence(ask, speaker))
    elif speaker.stands_in_for is not None:
        reasons.append(_standing_in(ask, speaker))
    return reasons


def _silence(ask: Ask, speaker: Speaker) -> str:
    """Who has said nothing since when, so that somebody above them is asked."""
    policy = ask.terms
    assert policy.escalation is not None, "nobody is asked for that reason otherwise"
    asked_at = speaker.since - timedelta(seconds=policy.escalation.after_seconds)
    silent = called(policy, speaker.stands_in_for or speaker.voice)
    since = moment(asked_at, policy.time_zone)
    return f"No answer has come from {silent} since {since}: you may answer instead."


def _standing_in(ask: Ask, speaker: Speaker) -> str:
    """For whom somebody answers: as their stand-in, or since the voice was handed to them."""
    policy, other = ask.terms, speaker.stands_in_for or speaker.voice
    pairs = [(each.of, each.to) for each in policy.delegations]
    if (other, speaker.person) in pairs:
        return f"You stand in for {called(policy, other)}."
    return f"The voice of {called(policy, other)} was handed on to you."


def _remark(release: Release, decision: Decision) -> str:
    """What is to be known of an answer, besides what it says."""
    ask = release.stage_named(decision.stage).ask
    is_void = ask is not None and decision.ask < ask.number
    remarks = [
        *(["they changed their mind"] if decision.revision > 1 else []),
        *(["void, since people were asked again"] if is_void else []),
    ]
    return f" ({'; '.join(remarks)})" if remarks else ""


def _grouped(code: str) -> str:
    """A code in two groups of four."""
    plain = code.replace("-", "")
    return f"{plain[:4]}-{plain[4:]}"


def _mail(name: str, *, operation_id: str, to: str, thread: str, **values: object) -> Mail:
    folder = f"email/{name}"
    subject = " ".join(render(f"{folder}/subject.txt", **values).split())  # a header is one line
    return Mail(
        operation_id=operation_id,
        to=to,
        subject=subject,
        text=render(f"{folder}/body.txt", **values),
        html=render(f"{folder}/body.html", subject=subject, **values),
        thread=thread,
    )
