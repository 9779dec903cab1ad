"""The decision page: a GET shows and changes nothing, a POST decides."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final

from shared.domain.decision import Decision
from shared.domain.errors import StepError
from shared.domain.fetch import Fetch, kind_of
from shared.domain.limits import COMMENT_CHARACTERS, REQUEST_BYTES
from shared.ports import ConflictError, Link, Orchestrations, Services
from shared.web import waking
from shared.web.attempts import (
    Limit,
    address_of,
    count_failure,
    limits_for,
    seconds_to_wait,
)
from shared.web.deciding import decision_of, write
from shared.web.filled import (
    GUESSED,
    Filled,
    Mistake,
    mistakes_in,
    page_revision,
    read_form,
)
from shared.web.http import FORM, Request, Response, work_on
from shared.web.pages import (
    PageError,
    already_answered_page,
    confirmation_page,
    decision_page,
    message_page,
    not_found_page,
    standing_page,
    too_many_page,
)
from shared.web.question import Question, question_of
from shared.web.standing import Case, Standing, find_case, read_link

logger = logging.getLogger(__name__)

ALLOWED: Final = "GET, HEAD, OPTIONS, POST"

SAVE_TRIES: Final = 10
"""How often a decision is tried anew when others write the same release meanwhile."""

_GONE = frozenset(
    {
        Standing.ASKED_AGAIN,
        Standing.EXPIRED,
        Standing.OVER,
        Standing.REVOKED,
        Standing.SUPERSEDED,
    }
)
"""Where a link is good for nothing any more: 410 to those who look."""


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
        except PageError as error:
            return error.page
        except StepError as error:
            logger.warning("approval page: %s", error)
            return _busy() if error.failure.retryable else _broken()
        except Exception:
            logger.exception("approval page: unexpected failure")
            return _broken()

    return safe


@readable
def show_approval(services: Services, request: Request) -> Response:
    """`GET`, `HEAD` or `OPTIONS /api/approvals/{token}`: shows, and changes nothing."""
    link = read_link(services, request.params.get("token", ""))
    with work_on(services, link.release_id if link else None, "show_approval"):
        return _show(services, request, link)


def _show(services: Services, request: Request, link: Link | None) -> Response:
    case = find_case(services, link)
    if case is not None:
        _note(services, request, case)
    if request.method == "OPTIONS":
        return Response(204, "", "text/plain; charset=utf-8", {"Allow": ALLOWED})
    if case is None:
        return _nowhere(services, request)
    if case.may_answer:
        return decision_page(services, question_of(services, request, case))
    return standing_page(services, case, 410 if case.standing in _GONE else 200)


@readable
def decide(services: Services, request: Request, orchestrations: Orchestrations) -> Response:
    """`POST /api/approvals/{token}`: write what one person answers, then ring."""
    _require_form(request)
    link = read_link(services, request.params.get("token", ""))
    with work_on(services, link.release_id if link else None, "decide"):
        return _decide(services, request, orchestrations, link)


def _decide(
    services: Services, request: Request, orchestrations: Orchestrations, link: Link | None
) -> Response:
    limits = limits_for(link, address_of(request.headers))
    _require_few(services, limits)
    filled = read_form(request.form)
    for _ in range(SAVE_TRIES):
        case = find_case(services, link)
        if case is None:
            return _nowhere(services, request)
        question = _require_answer(services, request, case, filled, limits)
        decision = decision_of(question, filled)
        try:
            write(services, question, decision)
        except ConflictError:
            continue  # somebody wrote meanwhile, perhaps a decision: look again
        return _taken(orchestrations, question, decision)
    return _busy()


def _taken(orchestrations: Orchestrations, question: Question, decision: Decision) -> Response:
    """The decision stands: tell the engine, and whoever made it."""
    logger.info("release %s: decision on %s", decision.release_id, decision.stage)
    waking.ring(orchestrations, decision.release_id)
    return confirmation_page(question, decision)


def _require_form(request: Request) -> None:
    """Refuse what the page's form does not send.

    Raises:
        PageError: It is too long, or no form.
    """
    if len(request.body) > REQUEST_BYTES:
        raise PageError(
            message_page(
                413,
                "That is too long",
                f"A comment has {COMMENT_CHARACTERS:,} characters at most. Go back and shorten it; "
                "nothing has been decided.",
            )
        )
    if request.headers.get("sec-fetch-site") == "cross-site":  # browsers say where a form lies
        raise PageError(
            message_page(
                403,
                "This came from another site",
                "Open the link from the mail and use the form there; nothing has been decided.",
            )
        )
    if request.content_type != FORM:
        raise PageError(
            message_page(
                415,
                "This is not the page's form",
                "Open the link from the mail and use the form there; nothing has been decided.",
            )
        )


def _require_few(services: Services, limits: tuple[Limit, ...]) -> None:
    """Refuse to look at anything where too much has failed.

    Raises:
        PageError: It has; the page is the same whatever was wrong, or would be right now.
    """
    seconds = seconds_to_wait(services.attempts, limits, services.clock.now())
    if seconds:
        raise PageError(too_many_page(seconds))


def _nowhere(services: Services, request: Request) -> Response:
    """The one answer to links that lead nowhere, counted.

    Raises:
        PageError: There were too many.
    """
    limits = limits_for(None, address_of(request.headers))
    _require_few(services, limits)
    count_failure(services.attempts, limits, services.clock.now())
    return not_found_page()


def _require_answer(
    services: Services,
    request: Request,
    case: Case,
    filled: Filled,
    limits: tuple[Limit, ...],
) -> Question:
    """What an answer without mistakes answers.

    Raises:
        PageError: The answer cannot be taken; the page says why, and all that has to be mended.
    """
    if filled.is_as_it_stands and filled.choice is None:
        _note(services, request, case)
    if not case.may_answer:
        status = 410 if case.standing is Standing.EXPIRED else 409
        raise PageError(standing_page(services, case, status))
    question = question_of(services, request, case)
    if not question.visitor.may_answer:
        raise PageError(decision_page(services, question, status=403))
    if page_revision(services, question, filled) not in (None, case.revision):
        raise PageError(already_answered_page(question))
    mistakes = mistakes_in(services, question, filled)
    if mistakes:
        if _is_guess(filled, mistakes):
            count_failure(services.attempts, limits, services.clock.now())
        is_suspended = filled.approves and case.ask.degraded
        status = 409 if is_suspended else 400
        raise PageError(decision_page(services, question, filled, mistakes, status=status))
    return question


def _is_guess(filled: Filled, mistakes: list[Mistake]) -> bool:
    """Whether somebody may have tried to pass for an approver.

    A form that is sent as it stands tries nothing: that is what mail scanners do, often from the
    address that people come from, too, and it must not lock them out.
    """
    guessed = any(mistake.field in GUESSED for mistake in mistakes)
    return guessed and not filled.is_as_it_stands


def _note(services: Services, request: Request, case: Case) -> None:
    """Count who or what has opened the link; nothing depends on it."""
    if not case.person:
        return
    kind, why = kind_of(request.method, request.headers)
    try:
        services.store.note_fetch(
            fetch=Fetch(
                release_id=case.release.id,
                stage=case.record.name,
                ask=case.ask.number,
                person=case.person,
                kind=kind,
                why=why,
                first_at=case.now,
                last_at=case.now,
            )
        )
    except Exception as error:  # noqa: BLE001 (the page is more than who has looked at it)
        logger.warning(
            "release %s: an opening was not counted: %s", case.release.id, type(error).__name__
        )


def _busy() -> Response:
    return message_page(
        503, "Try again in a moment", "Something that this page needs does not answer just now."
    )


def _broken() -> Response:
    return message_page(
        500,
        "Something broke",
        "Open the link again to see whether your answer was taken. If this page comes back, tell "
        "the release's owner: the service's logs have the whole story.",
    )
