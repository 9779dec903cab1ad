"""What a person filled in on the decision page, and what is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.decision import APPROVING, Choice
from shared.domain.limits import COMMENT_CHARACTERS, FIELD_CHARACTERS
from shared.ports import Services
from shared.web.principal import Access
from shared.web.question import Question
from shared.web.text import tidy
from shared.web.times import moment, read_local

PAGE_SECONDS: Final = 12 * 3600.0
"""How long a page may be answered after it was made."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields of the page's form, as they came."""

    nonce: str = ""
    choice: Choice | None = None
    version: str = ""
    """Of the model, typed by hand: programs that submit forms do not."""

    code: str = ""
    comment: str = ""
    effective_at: str = ""
    """Local time in the policy's time zone."""

    to: str = ""
    overtakes: bool = False
    replaces: frozenset[str] = frozenset()
    """Ids of the older releases that the page named."""

    @property
    def approves(self) -> bool:
        """Whether it says yes, now or later."""
        return self.choice in APPROVING

    @property
    def is_as_it_stands(self) -> bool:
        """Whether nothing was typed that only a person types."""
        return not self.version and not self.code


@dataclass(frozen=True, slots=True)
class Mistake:
    """What has to be mended before an answer is taken."""

    field: str
    words: str


GUESSED: Final = frozenset({"version", "code"})
"""What whoever tries to pass for an approver would have to guess; a page is for the asking."""


def read_form(form: Mapping[str, str]) -> Filled:
    """What the form's fields hold, as much as may be stored or shown again."""
    choice = form.get("choice", "")

    def short(name: str) -> str:
        # one sign more than anything that is right has, so that cutting makes nothing right
        return tidy(form.get(name, ""))[: FIELD_CHARACTERS + 1]

    return Filled(
        nonce=form.get("nonce", ""),
        choice=Choice(choice) if choice in set(Choice) else None,
        version=short("version"),
        code=short("code"),
        comment=tidy(form.get("comment", "")),
        effective_at=short("effective_at"),
        to=short("to"),
        overtakes=bool(form.get("overtakes")),
        replaces=frozenset(form.get("replaces", "").split()),
    )


def page_revision(services: Services, question: Question, filled: Filled) -> int | None:
    """How many answers the person had given when the page was made; None where it is no page."""
    return services.links.read_nonce(
        link=question.case.link,
        nonce=filled.nonce,
        max_age_seconds=PAGE_SECONDS,
        signed_in=question.is_signed_in,
    )


def mistakes_in(services: Services, question: Question, filled: Filled) -> list[Mistake]:
    """All that has to be mended, in the order of the page's fields."""
    return [
        *_in_page(services, question, filled),
        *_in_choice(question, filled),
        *_in_comment(filled),
        *_in_proof(services, question, filled),
    ]


def effective_at(question: Question, filled: Filled) -> datetime:
    """When a deferred approval is to take effect.

    Raises:
        ValueError: It says no time that can be; the message is for people.
    """
    case = question.case
    at = read_local(filled.effective_at, case.policy.time_zone)
    if at <= case.now:
        raise ValueError("This time has passed already. Choose a later one, or approve now.")
    if at >= case.ask.expires_at:
        until = moment(case.ask.expires_at, case.policy.time_zone)
        raise ValueError(f"This can wait until {until} at most. Choose an earlier time.")
    return at


def _in_page(services: Services, question: Question, filled: Filled) -> Iterator[Mistake]:
    if page_revision(services, question, filled) is None:
        yield Mistake(
            "nonce",
            "The page that you sent was open for too long, or is none of ours, so it was made anew."
            " Look at it once more, then send your answer again.",
        )


def _in_choice(question: Question, filled: Filled) -> Iterator[Mistake]:
    if filled.choice is None:
        yield Mistake("choice", "Choose what you say.")
    elif filled.approves and question.case.ask.degraded:
        problems = "; ".join(question.case.ask.degraded)
        yield Mistake("choice", f"Approving is suspended until this has recovered: {problems}.")
    elif filled.choice not in question.choices:
        yield Mistake("choice", "There is nobody to whom you could hand this over.")
    elif filled.choice is Choice.REASSIGN and filled.to not in question.successors:
        yield Mistake("to", "Choose who is to answer in your place.")
    elif filled.choice is Choice.DEFER:
        try:
            effective_at(question, filled)
        except ValueError as error:
            yield Mistake("effective_at", str(error))
    newer = question.newer_that_serves
    may_approve = filled.approves and filled.choice in question.choices
    if may_approve and newer is not None and not filled.overtakes:
        yield Mistake(
            "overtakes", f"Say that this version may replace version {newer}, which is newer."
        )


def _in_comment(filled: Filled) -> Iterator[Mistake]:
    if len(filled.comment) > COMMENT_CHARACTERS:
        yield Mistake(
            "comment",
            f"The comment has {len(filled.comment):,} characters; "
            f"it may have {COMMENT_CHARACTERS:,} at most.",
        )
    elif filled.choice is Choice.REJECT and not filled.comment:
        yield Mistake("comment", "Say in the comment why you reject it.")


def _in_proof(services: Services, question: Question, filled: Filled) -> Iterator[Mistake]:
    """What shows that a person answers, and which one."""
    case = question.case
    if not filled.version:
        yield Mistake("version", "Type the version of the model, as in the title of this page.")
    elif filled.version != case.release.model.version:
        yield Mistake("version", "This is not the version that the page asks about.")
    if question.visitor.access is not Access.CODE:
        return
    if not filled.code:
        yield Mistake("code", "Type the code that is in the mail with the link.")
    elif not services.links.is_code(link=case.link, given=filled.code):
        yield Mistake("code", "This is not the code of the mail with this link.")
