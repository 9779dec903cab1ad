"""Asks, answers and whole stories of approval, to try the rules on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st

from shared.domain.approval import answers_to, judge, successors
from shared.domain.ask import Ask
from shared.domain.decision import Choice, Decision
from shared.domain.policy import (
    ApprovalPolicy,
    Delegation,
    Escalation,
    Freeze,
    Hours,
    Order,
    Rejection,
    Voice,
)
from shared.domain.release import ReleaseId

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""A Monday."""

UNTIL = AT + timedelta(hours=12)
MICROSECOND = timedelta(microseconds=1)
ADA, BOB, CLEO, DAN = "ada@example.com", "bob@example.com", "cleo@example.com", "dan@example.com"
EVE, FAY = "eve@example.com", "fay@example.com"
GIL, HAL = "gil@example.com", "hal@example.com"
"""Who may stand in for others."""
BOSS, CHIEF = "boss@example.com", "chief@example.com"
"""Who is above them."""
STRANGER = "stranger@example.com"

PEOPLE = (ADA, BOB, CLEO, DAN, EVE, FAY, GIL, HAL, BOSS, CHIEF, STRANGER)

often = settings(max_examples=120, deadline=None)
"""Stories are long to make, and quick to judge."""


def hour(number: float) -> datetime:
    """So long after people were asked."""
    return AT + timedelta(hours=number)


def voices(*members: str | tuple[str, ...]) -> tuple[Voice, ...]:
    """People, and groups where several are given together; named by the first."""
    groups = [(each,) if isinstance(each, str) else each for each in members]
    return tuple(Voice(f"group of {each[0]}" if each[1:] else each[0], each) for each in groups)


def asked(
    policy: ApprovalPolicy | None, *, requester: str | None = None, until: datetime = UNTIL
) -> Ask:
    """The second ask of a stage."""
    approvers = policy.approvers if policy else (ADA, BOB)
    return Ask(2, AT, until, "d1gest", approvers, policy=policy, requester=requester)


def policy(*members: str | tuple[str, ...], required: int | None = None) -> ApprovalPolicy:
    """All of these have to approve, or so many of them."""
    return ApprovalPolicy(voices(*members), 12 * 3600.0, required=required)


def standing_in(terms: ApprovalPolicy, *given: tuple[str, str, float, float]) -> ApprovalPolicy:
    """The policy with delegations: of whom, to whom, from when to when."""
    made = (Delegation(of, to, hour(begin), hour(end)) for of, to, begin, end in given)
    return replace(terms, delegations=tuple(made))


def above(terms: ApprovalPolicy, *people: str, after: float) -> ApprovalPolicy:
    """The policy with these people above, who are asked after so many hours of silence."""
    return replace(terms, escalation=Escalation(after * 3600.0, people))


def said(
    choice: Choice,
    by: str,
    at: float,
    *,
    revision: int = 1,
    effective_at: datetime | None = None,
    to: str | None = None,
) -> Decision:
    """An answer, `at` hours after people were asked."""
    return Decision(
        ReleaseId("r"),
        "prod",
        2,
        by,
        choice,
        "why",
        hour(at),
        "d1gest",
        revision=revision,
        effective_at=effective_at,
        to=to,
    )


def yes(by: str, at: float, revision: int = 1) -> Decision:
    """An approval."""
    return said(Choice.APPROVE, by, at, revision=revision)


def no(by: str, at: float, revision: int = 1) -> Decision:
    """A rejection."""
    return said(Choice.REJECT, by, at, revision=revision)


def later(by: str, at: float, effect: float, revision: int = 1) -> Decision:
    """An approval with effect so many hours after people were asked."""
    return said(Choice.DEFER, by, at, revision=revision, effective_at=hour(effect))


def handed(by: str, to: str, at: float, revision: int = 1) -> Decision:
    """A voice that is handed on."""
    return said(Choice.REASSIGN, by, at, revision=revision, to=to)


def wanted(ask: Ask, decisions: Sequence[Decision], at: float) -> list[str]:
    """Whose word is wanted then."""
    return [each.person for each in judge(ask, decisions, hour(at)).speakers]


hours_after = st.integers(-1, 30).map(lambda half: half / 2)


@st.composite
def _windows(draw: st.DrawFn) -> tuple[datetime, datetime]:
    begin = draw(hours_after)
    return hour(begin), hour(begin + draw(st.integers(1, 20)) / 2)


@st.composite
def policies(draw: st.DrawFn) -> ApprovalPolicy:
    """Any kind of policy for up to four voices."""
    pool = draw(st.permutations([ADA, BOB, CLEO, DAN, EVE, FAY]))
    cuts = draw(st.sampled_from([(1,), (2,), (1, 2), (2, 3), (1, 2, 3), (2, 3, 5), (1, 3, 4, 5)]))
    groups = [tuple(pool[begin:end]) for begin, end in pairwise((0, *cuts))]
    members = [member for group in groups for member in group]
    delegate = st.builds(
        lambda of, to, window: Delegation(of, to, *window),
        st.sampled_from(members),
        st.sampled_from([GIL, HAL, GIL, HAL, BOSS, members[-1]]),
        _windows(),
    )
    above = st.sampled_from([(BOSS,), (BOSS, CHIEF), (GIL,)])
    frozen = _windows().map(lambda window: Freeze(*window))
    opens = Hours((0, 2), time(11, 0), time(15, 30))
    return ApprovalPolicy(
        voices(*groups),
        (UNTIL - AT).total_seconds(),
        required=draw(st.sampled_from([None, *range(1, len(groups) + 1), len(groups)])),
        order=draw(st.sampled_from(Order)),
        reject=draw(st.sampled_from(Rejection)),
        escalation=draw(
            st.none()
            | st.builds(Escalation, st.integers(1, 16).map(lambda half: half * 1800.0), above)
        ),
        delegations=tuple(draw(st.lists(delegate, max_size=2))),
        requester_may_approve=draw(st.booleans()),
        time_zone="Europe/Berlin",
        hours=draw(st.sampled_from([None, None, opens])),
        freezes=tuple(draw(st.lists(frozen, max_size=2))),
    )


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    """An ask under any kind of policy, now and then of something that an approver registered."""
    return asked(draw(policies()), requester=draw(st.sampled_from([None, None, ADA, "Bob"])))


@st.composite
def stories(draw: st.DrawFn) -> tuple[Ask, list[Decision]]:
    """An ask and what people answered, most of them when their word was wanted.

    No two at the same moment, as the store has them; many just as something takes effect.
    """
    ask = draw(asks())
    decisions: list[Decision] = []
    at = AT
    for _ in range(draw(st.integers(0, 8))):
        at += draw(st.sampled_from([MICROSECOND, *(timedelta(hours=n / 2) for n in range(1, 4))]))
        decisions.append(draw(_answers(ask, decisions, at)))
        if judge(ask, decisions, at).settled_at is not None and draw(st.booleans()):
            break
    return ask, decisions


@st.composite
def _answers(draw: st.DrawFn, ask: Ask, before: Sequence[Decision], at: datetime) -> Decision:
    speakers = [each.person for each in judge(ask, before, at).speakers]
    spoken = [each.approver for each in before]
    person = draw(st.sampled_from([*speakers, *spoken] * 5 + [ADA, GIL, BOSS, STRANGER]))
    mine = [each for each in answers_to(ask, before) if each.approver == person]
    heirs = successors(ask, before, person, at)
    choices = [Choice.APPROVE, Choice.APPROVE, Choice.REJECT, Choice.DEFER, Choice.REASSIGN]
    choice = draw(st.sampled_from([*choices, Choice.REASSIGN] if heirs else choices))
    answer = said(choice, person, 0, revision=draw(st.sampled_from([len(mine) + 1] * 5 + [1])))
    if choice is Choice.DEFER:
        answer = replace(answer, effective_at=at + timedelta(hours=draw(hours_after)))
    if choice is Choice.REASSIGN:
        answer = replace(answer, to=draw(st.sampled_from([*heirs] * 5 + [ADA, GIL, BOSS])))
    return replace(answer, at=at)


@st.composite
def strays(draw: st.DrawFn, ask: Ask) -> Decision:
    """What does not answer this ask, whoever says it and whenever."""
    at = draw(st.integers(0, 23).map(lambda half: half / 2))
    speakers = [each.person for each in judge(ask, [], hour(at)).speakers]
    person = draw(st.sampled_from([*speakers, BOSS]))
    answer = said(draw(st.sampled_from(Choice)), person, at, revision=9)
    return draw(
        st.sampled_from(
            [
                replace(answer, ask=ask.number - 1),
                replace(answer, ask=ask.number + 1),
                replace(answer, digest="another"),
                replace(answer, approver=STRANGER),
                replace(answer, at=ask.asked_at - MICROSECOND),
                replace(answer, at=ask.expires_at),
                replace(answer, at=ask.expires_at + timedelta(days=1)),
            ]
        )
    )
