"""What one person may answer now, and what is known of it: the same for the page and its POST."""

from dataclasses import dataclass, replace

from shared.domain.approval import answers_by_voice, successors
from shared.domain.decision import Choice
from shared.domain.evidence import Evidence, Skipped, skipped_by
from shared.domain.policy import Supersede
from shared.domain.release import Release
from shared.ports import Services
from shared.web.http import Request
from shared.web.principal import Access, Visitor, visitor_of
from shared.web.standing import Case


@dataclass(frozen=True, slots=True)
class Question:
    """An ask that a person may answer, or look at."""

    case: Case
    page: str
    """Where it stands: the path that it was asked for by."""

    evidence: Evidence
    visitor: Visitor
    choices: tuple[Choice, ...]
    """What can be said now."""

    successors: tuple[str, ...]
    """To whom the person may hand their voice."""

    older: tuple[Release, ...]
    """Releases of older versions that wait at the same gate."""

    newer: tuple[Release, ...]
    """Those of newer ones."""

    @property
    def is_signed_in(self) -> bool:
        """Whether the platform vouches that the person is who they are."""
        return self.visitor.access is Access.SIGNED_IN

    @property
    def newer_that_serves(self) -> str | None:
        """The newer version that an approval would replace by this one; None where it is older."""
        current = self.evidence.current
        if current is None or not current.is_newer:
            return None
        model = current.source or current.model
        return model.version if model else current.deployment

    @property
    def may_replace_older(self) -> bool:
        """Whether an approval may end the older ones that wait."""
        return bool(self.older) and self.case.policy.supersede is Supersede.ASK

    @property
    def voice(self) -> str | None:
        """The voice that an answer counts for."""
        case = self.case
        if case.speaker is not None:
            return case.speaker.voice
        spoken = answers_by_voice(case.ask, case.decisions, case.now)
        return next((name for name, each in spoken.items() if each.approver == case.person), None)


def question_of(services: Services, request: Request, case: Case) -> Question:
    """What the person of a case may answer, and what they are to know."""
    evidence = services.store.evidence(
        release_id=case.release.id, stage=case.record.name, ask=case.ask.number
    )
    assert evidence is not None, "written in the same transaction as the ask"
    skipped = tuple(_as_it_is(services, each) for each in evidence.skipped)
    heirs = successors(case.ask, case.decisions, case.person, case.now)
    older, newer = _rivals(services, case)
    return Question(
        case=case,
        page=f"/api/approvals/{request.params['token']}",
        evidence=replace(evidence, skipped=skipped),
        visitor=visitor_of(
            request.headers,
            person=case.person,
            has_sign_in=services.sign_in,
            must_sign_in=case.policy.require_sign_in,
        ),
        choices=_choices(case, heirs),
        successors=heirs,
        older=older,
        newer=newer,
    )


def _as_it_is(services: Services, skipped: Skipped) -> Skipped:
    """What is known by now of a skipped version that was under way when people were asked."""
    stored = services.store.get(release_id=skipped.under_way) if skipped.under_way else None
    if stored is None:
        return skipped
    decisions = services.store.decisions(release_id=stored.release.id)
    return skipped_by(skipped.version, skipped.registered_at, stored.release, decisions)


def _choices(case: Case, heirs: tuple[str, ...]) -> tuple[Choice, ...]:
    approving = () if case.ask.degraded else (Choice.APPROVE, Choice.DEFER)
    handing_on = (Choice.REASSIGN,) if heirs else ()
    return (*approving, Choice.REJECT, *handing_on)


def _rivals(services: Services, case: Case) -> tuple[tuple[Release, ...], tuple[Release, ...]]:
    """Older and newer versions of the model that wait at the same gate."""
    release = case.release
    waiting = [
        each
        for each in services.store.waiting(pipeline=release.pipeline, stage=case.record.name)
        if each.id != release.id and each.model.name == release.model.name
    ]
    older = tuple(each for each in waiting if release.is_newer_than(each))
    return older, tuple(each for each in waiting if each not in older)
