"""The decision page: a GET shows, a POST decides."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final

from shared.domain.decision import Choice, Decision
from shared.domain.errors import StepError
from shared.domain.release import EventType
from shared.domain.trail import Change
from shared.ports import ConflictError, Orchestrations, Services
from shared.web import waking
from shared.web.http import MAX_BODY_BYTES, Request, Response
from shared.web.pages import (
    confirmation_page,
    decision_page,
    message_page,
    not_found_page,
    standing_page,
)
from shared.web.standing import Case, Standing, find_case
from shared.web.text import MAX_COMMENT_LENGTH, tidy

logger = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"

SAVE_TRIES: Final = 10
"""How often a decision is tried anew when others write the same release meanwhile."""

_WORDS = {Choice.APPROVE: "approved", Choice.REJECT: "rejected"}

_GONE = frozenset({Standing.ASKED_AGAIN, Standing.EXPIRED, Standing.OVER})
"""Where a link is good for nothing any more: 410 to those who look."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a person filled in."""

    choice: Choice | None
    comment: str
    digest: str

    @property
    def problem(self) -> str | None:
        """What has to be mended, for the person; None when nothing has."""
        if self.choice is None:
            return "Choose Approve or Reject."
        if len(self.comment) > MAX_COMMENT_LENGTH:
            return (
                f"The comment has {len(self.comment):,} characters; "
                f"it may have {MAX_COMMENT_LENGTH:,} at most."
            )
        if self.choice is Choice.REJECT and not self.comment:
            return "Say in the comment why you reject it."
        return None


def readable[**P](
    view: Callable[Concatenate[Services, Request, P], Response],
) -> Callable[Concatenate[Services, Request, P], Response]:
    """The view with every failure answered by a page, since people look at it."""

    @wraps(view)
    def safe(
        services: Services, request: Request, /, *args: P.args, **kwargs: P.kwargs
    ) -> Response:
        try:
            return view(services, request, *args, **kwargs)
        except StepError as error:
            logger.warning("approval page: %s", error)
            return _busy() if error.trouble.retryable else _broken()
        except Exception:
            logger.exception("approval page: unexpected failure")
            return _broken()

    return safe


@readable
def show_approval(services: Services, request: Request) -> Response:
    """`GET` or `HEAD /api/approvals/{token}`: shows, and changes nothing."""
    case = find_case(services, request.params.get("token", ""))
    if case is None:
        return not_found_page()
    if case.standing is Standing.OPEN:
        return decision_page(services, case)
    return standing_page(case, 410 if case.standing in _GONE else 200)


@readable
def decide(services: Services, request: Request, orchestrations: Orchestrations) -> Response:
    """`POST /api/approvals/{token}`: write one person's one decision, then ring."""
    if len(request.body) > MAX_BODY_BYTES:
        return message_page(
            413,
            "That is too long",
            f"A comment has {MAX_COMMENT_LENGTH:,} characters at most. Go back and shorten it; "
            "nothing has been decided.",
        )
    if request.content_type != FORM:
        return message_page(
            415,
            "This is not the page's form",
            "Open the link from the mail and use the buttons there; nothing has been decided.",
        )
    answer = _read(request)
    for _ in range(SAVE_TRIES):
        case = find_case(services, request.params.get("token", ""))
        if case is None:
            return not_found_page()
        refusal = _refusal(services, case, answer)
        if refusal is not None:
            return refusal
        decision = _decision(services, case, answer)
        try:
            _write(services, case, decision)
        except ConflictError:
            continue  # somebody wrote meanwhile, perhaps a decision: look again
        logger.info("release %s: decision on %s", case.release.id, case.record.name)
        waking.ring(orchestrations, case.release.id)
        return confirmation_page(case, decision)
    return _busy()


def _read(request: Request) -> _Answer:
    given = request.form.get("decision", "")
    return _Answer(
        choice=Choice(given) if given in set(Choice) else None,
        comment=tidy(request.form.get("comment", "")),
        digest=request.form.get("digest", ""),
    )


def _refusal(services: Services, case: Case, answer: _Answer) -> Response | None:
    """Why this answer cannot be written; None where it can."""
    if case.standing is not Standing.OPEN:
        return standing_page(case, 410 if case.standing is Standing.EXPIRED else 409)
    if answer.digest != case.ask.digest:
        return message_page(
            409,
            "You were asked again",
            "The page that you answered is not about what would be released now. Nothing has been "
            "decided: open the link in the newest mail and decide there.",
        )
    if answer.problem is not None:
        return decision_page(services, case, problem=answer.problem, comment=answer.comment)
    return None


def _decision(services: Services, case: Case, answer: _Answer) -> Decision:
    assert answer.choice is not None, "refused before"
    return Decision(
        release_id=case.release.id,
        stage=case.record.name,
        ask=case.ask.number,
        approver=case.approver,
        choice=answer.choice,
        comment=answer.comment,
        at=services.clock.now(),
        digest=answer.digest,
    )


def _write(services: Services, case: Case, decision: Decision) -> None:
    """One transaction: the decision, its event, and the release that counts events.

    Raises:
        ConflictError: Somebody else wrote first.
    """
    said = f": {decision.comment}" if decision.comment else ""
    change = Change(case.release).noting(
        EventType.DECIDED,
        f"{decision.approver} {_WORDS[decision.choice]} {decision.stage}{said}",
        at=decision.at,
        stage=decision.stage,
        actor=decision.approver,
        details={
            "ask": decision.ask,
            "choice": decision.choice.value,
            "comment": decision.comment,
            "digest": decision.digest,
        },
    )
    services.store.save(
        stored=case.stored, release=change.release, events=change.events, decision=decision
    )


def _busy() -> Response:
    return message_page(
        503, "Try again in a moment", "Something that this page needs does not answer just now."
    )


def _broken() -> Response:
    return message_page(
        500,
        "Something broke",
        "Open the link again to see whether your decision was taken. If this page comes back, tell "
        "the release's owner: the service's logs have the whole story.",
    )
