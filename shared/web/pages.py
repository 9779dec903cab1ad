"""The pages that approvers see: HTML without scripts, kept by no cache, framed by no one."""

import base64
from functools import cache
from hashlib import sha256

from shared.domain.decision import Decision
from shared.ports import Services
from shared.web.documents import shown_configuration
from shared.web.facts import facts_of
from shared.web.http import RETRY_AFTER_SECONDS, Response
from shared.web.render import TEMPLATES, render
from shared.web.standing import Case
from shared.web.text import MAX_COMMENT_LENGTH


def decision_page(
    services: Services, case: Case, *, problem: str | None = None, comment: str = ""
) -> Response:
    """The question, with what is known; with a problem, what was wrong with the answer."""
    evidence = services.store.evidence(
        release_id=case.release.id, stage=case.record.name, ask=case.ask.number
    )
    assert evidence is not None, "written in the same transaction as the ask"
    now = services.clock.now()
    return _page(
        "decision",
        400 if problem else 200,
        case=case,
        facts=facts_of(case.release, case.record.name, case.ask, evidence),
        configuration=shown_configuration(evidence.configuration),
        instructions=_instructions(services, case),
        seconds_left=(case.ask.expires_at - now).total_seconds(),
        problem=problem,
        comment=comment,
        max_comment_length=MAX_COMMENT_LENGTH,
    )


def standing_page(case: Case, status: int) -> Response:
    """Why there is nothing to decide, and where the release stands."""
    return _page("standing", status, case=case, release=case.release)


def confirmation_page(case: Case, decision: Decision) -> Response:
    """What was just decided, and what happens now."""
    return _page("confirmation", 200, case=case, release=case.release, decision=decision)


def not_found_page() -> Response:
    """One page for every link that leads nowhere: it tells nobody what was wrong with theirs."""
    return message_page(
        404,
        "This link leads nowhere",
        "It may be cut, altered or too old. Open it from the mail again, all of it; if that does "
        "not help, ask the release's owner.",
    )


def message_page(status: int, title: str, text: str) -> Response:
    """A page of one sentence or two."""
    return _page("message", status, title=title, text=text)


def _page(name: str, status: int, **values: object) -> Response:
    style, policy = _style()
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
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


def _instructions(services: Services, case: Case) -> str:
    """What the pipeline tells approvers; empty where it has changed and says nothing any more."""
    pipeline = services.pipelines.get(case.release.pipeline)
    stage = pipeline.stage(case.record.name) if pipeline else None
    return stage.approval.instructions if stage and stage.approval else ""
