"""The pages that approvers see: HTML without scripts, kept by no cache, framed by no one."""

import base64
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256

from shared.domain.approval import judge
from shared.domain.calendar import takes_effect_at
from shared.domain.decision import Decision
from shared.domain.limits import COMMENT_CHARACTERS
from shared.domain.policy import ApprovalPolicy
from shared.ports import Services
from shared.web.facts import facts_of
from shared.web.filled import Filled, Mistake
from shared.web.glance import glance
from shared.web.http import RETRY_AFTER_SECONDS, Response
from shared.web.people import left_out_of, rules_of, voices_of
from shared.web.principal import sign_in_path, sign_out_path
from shared.web.question import Question
from shared.web.render import TEMPLATES, render
from shared.web.standing import Case, Standing
from shared.web.times import delays, effect_of, freezes_ahead, hours_words


class PageError(Exception):
    """Ends a view with a page."""

    def __init__(self, page: Response) -> None:
        super().__init__(str(page.status))
        self.page = page


def decision_page(
    services: Services,
    question: Question,
    filled: Filled | None = None,
    mistakes: Sequence[Mistake] = (),
    *,
    status: int = 200,
) -> Response:
    """The question, with what is known; with mistakes, what has to be mended in the answer."""
    case, policy = question.case, question.case.policy
    facts = facts_of(case.release, case.record.name, case.ask, question.evidence)
    return _page(
        "decision",
        status,
        zone=policy.time_zone,
        question=question,
        case=case,
        policy=policy,
        facts=facts,
        glance=glance(facts),
        seconds_left=(case.ask.expires_at - case.now).total_seconds(),
        voices=voices_of(case),
        rules=rules_of(case.ask),
        left_out=left_out_of(case, question.evidence),
        effect_now=takes_effect_at(policy, case.now),
        calendar=_calendar(policy, case.now, case.ask.expires_at),
        nonce=services.links.nonce(
            link=case.link, revision=case.revision, signed_in=question.is_signed_in
        ),
        filled=filled or Filled(),
        mistakes=mistakes,
        wrong={mistake.field: mistake.words for mistake in mistakes},
        sign_in=sign_in_path(question.page),
        sign_out=sign_out_path(question.page),
        max_comment_length=COMMENT_CHARACTERS,
    )


def standing_page(services: Services, case: Case, status: int) -> Response:
    """Why there is nothing to decide, and where the release stands."""
    successor = None
    if case.standing is Standing.SUPERSEDED and case.release.superseded_by is not None:
        stored = services.store.get(release_id=case.release.superseded_by)
        successor = stored.release if stored else None
    evidence = None
    if case.standing is Standing.ASKED_AGAIN and case.link.ask < case.ask.number:
        evidence = services.store.evidence(
            release_id=case.release.id, stage=case.record.name, ask=case.ask.number
        )
    return _page(
        "standing",
        status,
        zone=case.policy.time_zone,
        case=case,
        release=case.release,
        successor=successor,
        changed=evidence.changed_since if evidence else (),
    )


def already_answered_page(question: Question) -> Response:
    """What they have answered since the page was made that they sent now."""
    case = question.case
    return _page(
        "answered",
        409,
        zone=case.policy.time_zone,
        case=case,
        release=case.release,
        page=question.page,
    )


def confirmation_page(question: Question, decision: Decision) -> Response:
    """What was just decided, when it takes effect, and whose word is still wanted."""
    case, policy = question.case, question.case.policy
    judgement = judge(case.ask, [*case.decisions, decision], decision.at)
    effect_at = effect_of(policy, decision)
    return _page(
        "confirmation",
        200,
        zone=policy.time_zone,
        case=case,
        release=case.release,
        decision=decision,
        judgement=judgement,
        effect_at=effect_at,
        delays=delays(policy, decision.effective_at or decision.at, effect_at),
        policy=policy,
        page=question.page,
    )


def not_found_page() -> Response:
    """One page for every link that leads nowhere: it tells nobody what was wrong with theirs."""
    return message_page(
        404,
        "This link leads nowhere",
        "It may be cut, altered or too old. Open it from the mail again, all of it; if that does "
        "not help, ask the release's owner.",
    )


def too_many_page(seconds: int) -> Response:
    """One page for everybody who has failed too often, whatever failed.

    Args:
        seconds: How long they have to wait.
    """
    page = message_page(
        429,
        "Too many attempts",
        "Answers with a wrong link, code or version have come too often. Wait a while, then open "
        "the link from the mail again; nothing has been decided.",
    )
    headers = dict(page.headers) | {"Retry-After": str(seconds)}
    return Response(page.status, page.body, page.content_type, headers)


def message_page(status: int, title: str, text: str) -> Response:
    """A page of one sentence or two."""
    return _page("message", status, title=title, text=text)


def _calendar(policy: ApprovalPolicy, now: datetime, until: datetime) -> list[str]:
    hours = hours_words(policy)
    return [*([hours] if hours else []), *freezes_ahead(policy, now, until)]


def _page(name: str, status: int, **values: object) -> Response:
    style, policy = _style()
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
    }
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    html = render(f"pages/{name}.html", style=style, **values)
    return Response(status, html, "text/html; charset=utf-8", headers)


@cache
def _style() -> tuple[object, str]:
    """The style sheet as it stands in pages, and the policy that lets it in by its hash."""
    from markupsafe import Markup

    style = (TEMPLATES / "pages" / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return Markup(style), policy  # noqa: S704 (a file of ours, no input)
