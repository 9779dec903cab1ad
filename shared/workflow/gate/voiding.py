"""Whether an ask is still about the same thing; one that is not is void: people are asked again."""

import logging
from dataclasses import replace

from shared.domain.ask import Ask
from shared.domain.errors import FailureKind, StepError, technical
from shared.domain.evidence import Difference, Evidence, differences
from shared.domain.policy import ApprovalPolicy
from shared.domain.release import EventType
from shared.workflow.gate.evidence import changed_since, digest_of, terms_of
from shared.workflow.turn import Turn

logger = logging.getLogger(__name__)


def still_stands(turn: Turn, ask: Ask) -> bool:
    """Whether the pipeline still asks the same people for the same; an ask that does not is void.

    Only an ask of before there were policies goes by who is asked alone.
    """
    policy = policy_of(turn)
    if ask.policy is None:
        changed = differences(list(ask.approvers), list(policy.approvers), "terms.voices")
    else:
        changed = differences(terms_of(ask.policy), terms_of(policy), "terms")
    if changed:
        _void(turn, ask, changed)
    return not changed


def is_seen_void(turn: Turn, ask: Ask) -> bool:
    """As `is_void`, while people think: an Azure that refuses to tell ends nothing yet."""
    try:
        return is_void(turn, ask)
    except StepError as error:
        if error.failure.kind is FailureKind.MODEL:
            raise
        logger.warning("release %s: what was asked about is not seen: %s", turn.release.id, error)
        return False


def is_void(turn: Turn, ask: Ask) -> bool:
    """Whether what people were shown is not what there is now; such an ask is made void."""
    shown = shown_in(turn, ask)
    changed = changed_since(turn, policy_of(turn), shown)
    if digest_of(shown) != ask.digest:  # somebody has written to what is kept of it
        changed.append(Difference("evidence", ask.digest, digest_of(shown)))
    if changed:
        _void(turn, ask, changed)
    return bool(changed)


def why_void(turn: Turn, ask: Ask) -> tuple[Difference, ...]:
    """What had changed when an ask was made void, as the audit trail has it."""
    for event in reversed(turn.services.store.events(release_id=turn.release.id)):
        if event.type is EventType.APPROVAL_VOIDED and event.details.get("ask") == ask.number:
            changed = event.details["changed"]
            assert isinstance(changed, list)
            found = [each for each in changed if isinstance(each, dict)]
            return tuple(
                Difference(str(each["field"]), each["before"], each["after"]) for each in found
            )
    return ()


def shown_in(turn: Turn, ask: Ask) -> Evidence:
    """What people were shown when they were asked."""
    shown = turn.services.store.evidence(
        release_id=turn.release.id, stage=turn.record.name, ask=ask.number
    )
    assert shown is not None, "written in the same transaction as the ask"
    return shown


def policy_of(turn: Turn) -> ApprovalPolicy:
    """Whom the pipeline asks at this stage.

    Raises:
        StepError: Nobody any more.
    """
    policy = turn.stage.approval
    if policy is None:
        raise technical(
            "PipelineChanged",
            f"Stage {turn.stage.name} of pipeline {turn.release.pipeline} has lost its "
            "approval since this release began. Start the release again.",
        )
    return policy


def _void(turn: Turn, ask: Ask, changed: list[Difference]) -> None:
    names = ", ".join(each.field for each in changed)
    change = turn.updated(ask=replace(ask, used=True), waits_for=None).noting(
        EventType.APPROVAL_VOIDED,
        f"What was asked about is not as it was: {names}. People are asked again",
        at=turn.now,
        stage=turn.record.name,
        details={
            "ask": ask.number,
            "changed": [
                {"field": each.field, "before": each.before, "after": each.after}
                for each in changed
            ],
        },
    )
    turn.commit(change)
