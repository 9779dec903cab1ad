"""The gate of a stage: ask people, read their word, use it up."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from shared.domain.approval import Judgement, Verdict, judge
from shared.domain.artefacts import digest
from shared.domain.ask import Ask
from shared.domain.errors import StepError, Trouble, technical
from shared.domain.evidence import Evidence
from shared.domain.names import person_key
from shared.domain.pipeline import Json
from shared.domain.policy import ApprovalPolicy
from shared.domain.release import EventType, ModelVersion, Outcome, StageRecord, StageState
from shared.domain.trail import Change
from shared.ports import Link
from shared.workflow.activities.begin import source_of
from shared.workflow.configuration import configuration_digest, configuration_of
from shared.workflow.contract import Answer
from shared.workflow.turn import Turn

logger = logging.getLogger(__name__)

MAIL_PAUSE_SECONDS = 300.0
"""How long to wait with mail that could not be sent: mail quotas count by the hour. The pauses
grow with the age of the ask, so that a month without mail is a short history."""


GRACE = timedelta(seconds=5)
"""A decision made in time may be a moment on its way to the store."""


def ask_approval(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Freeze the evidence and open an ask, unless one is open."""
    record, policy = turn.record, _policy(turn)
    if record.state is not StageState.PENDING and record.ask and not record.ask.used:
        return Answer.done()
    if turn.is_past(StageState.WAITING):
        return Answer.done()
    number = record.ask.number + 1 if record.ask else 1
    evidence = _evidence(turn, number)
    now = turn.now
    ask = Ask(
        number=number,
        asked_at=now,
        expires_at=now + timedelta(seconds=policy.timeout_seconds),
        digest=subject_digest(evidence),
        approvers=policy.approvers,
    )
    waits_for = f"the approval of {_people(policy.approvers)}"
    waiting = replace(record, ask=ask, waits_for=waits_for)
    change = turn.moved(StageState.WAITING, waiting).noting(
        EventType.APPROVAL_REQUESTED,
        f"Asked {_people(policy.approvers)} to approve {record.name}",
        at=now,
        stage=record.name,
        details={"ask": number, "digest": ask.digest, "expires_at": ask.expires_at.isoformat()},
    )
    turn.commit(change, evidence=evidence)
    return Answer.done()


def review_approval(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Send the mails that are still owed, and say what the answers so far mean."""
    ask = turn.record.ask
    if ask is None or turn.is_past(StageState.WAITING):
        return Answer.done(approved=True)
    judgement = _judged(turn, ask)
    if judgement.verdict is Verdict.APPROVED:
        return Answer.done(approved=True)
    if judgement.verdict is Verdict.REJECTED and judgement.decision is not None:
        said = f": {judgement.decision.comment}" if judgement.decision.comment else "."
        return Answer.stopped(Outcome.REJECTED, f"Rejected by {judgement.decision.approver}{said}")
    if judgement.verdict is Verdict.EXPIRED:
        if turn.now < ask.expires_at + GRACE:
            return Answer.done(approved=False, wake_seconds=GRACE.total_seconds())
        until = ask.expires_at.strftime("%Y-%m-%d %H:%M UTC")
        return Answer.stopped(Outcome.EXPIRED, f"Nobody decided until {until}.")
    wake_seconds = max(1.0, (ask.expires_at - turn.now).total_seconds())
    if not _send_mails(turn, ask):
        age = (turn.now - ask.asked_at).total_seconds()
        wake_seconds = min(wake_seconds, max(MAIL_PAUSE_SECONDS, age / 4))
    return Answer.done(approved=False, wake_seconds=wake_seconds)


def start_stage(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Use the approval up, if it is still for the same thing, and let the stage begin."""
    if turn.is_past(StageState.WAITING):
        return Answer.done(started=True)
    record = turn.record
    ask = record.ask
    if ask is not None or turn.stage.approval is not None:
        policy = _policy(turn)
        if ask is None or ask.used:
            return Answer.done(started=False)
        judgement = _judged(turn, ask)
        if judgement.verdict is not Verdict.APPROVED or judgement.decision is None:
            return Answer.done(started=False)
        changed = _changed(turn, ask)
        if judgement.decision.approver not in policy.approvers:
            changed = ["approvers"]
        if changed:
            _void(turn, ask, changed)
            return Answer.done(started=False)
        record = replace(record, ask=replace(ask, used=True))
    turn.commit(_started(turn, record))
    return Answer.done(started=True)


def _started(turn: Turn, record: StageRecord) -> Change:
    stage, model = turn.stage, turn.release.model
    name = stage.model_name or model.name
    begun = replace(
        record,
        workspace=stage.workspace,
        endpoint=stage.endpoint,
        configuration=configuration_digest(stage),
        model=ModelVersion(name, model.version),
        waits_for=None,
    )
    copy = stage.workspace != turn.pipeline.source
    return turn.moved(StageState.COPYING if copy else StageState.DEPLOYING, begun).noting(
        EventType.STAGE_STARTED,
        f"Stage {stage.name} started in workspace {stage.workspace.name}",
        at=turn.now,
        stage=stage.name,
        details={"workspace": stage.workspace.arm_id, "endpoint": stage.endpoint},
    )


def subject_digest(evidence: Evidence) -> str:
    """The digest that a decision is bound to: artefacts, measurements, configuration."""
    probes: dict[str, Json] = {
        stage: [probe.status, round(probe.latency_seconds, 6), list(probe.problems)]
        for stage, probe in evidence.probes.items()
    }
    return digest(
        {
            "artefacts": evidence.artefact_digest,
            "model": [evidence.model_type, evidence.description],
            "tags": dict(evidence.tags),
            "properties": dict(evidence.properties),
            "probes": probes,
            "configuration": evidence.configuration,
        }
    )


def _judged(turn: Turn, ask: Ask) -> Judgement:
    decisions = turn.services.store.decisions(release_id=turn.release.id)
    mine = [decision for decision in decisions if decision.stage == turn.stage_name]
    return judge(ask, mine, turn.now)


def _changed(turn: Turn, ask: Ask) -> list[str]:
    """What of the approved content is not what would be done now; empty where it is."""
    evidence = _evidence(turn, ask.number)
    if subject_digest(evidence) == ask.digest:
        return []
    shown = turn.services.store.evidence(
        release_id=turn.release.id, stage=turn.stage.name, ask=ask.number
    )
    return _differences(shown, evidence) or ["what was approved"]


def _void(turn: Turn, ask: Ask, changed: list[str]) -> None:
    voided = replace(ask, used=True)
    change = turn.updated(ask=voided, waits_for=None).noting(
        EventType.APPROVAL_VOIDED,
        f"The approval is void: {', '.join(changed)} changed since. People are asked again",
        at=turn.now,
        stage=turn.stage.name,
        details={"ask": ask.number, "changed": list(changed)},
    )
    turn.commit(change)


def _differences(before: Evidence | None, after: Evidence) -> list[str]:
    if before is None:
        return []
    named = ("model_type", "description", "tags", "properties", "probes", "artefact_digest")
    changed = [name for name in named if getattr(before, name) != getattr(after, name)]
    keys = before.configuration.keys() | after.configuration.keys()
    return changed + [
        f"configuration.{key}"
        for key in sorted(keys)
        if before.configuration.get(key) != after.configuration.get(key)
    ]


def _evidence(turn: Turn, ask: int) -> Evidence:
    registered, files = source_of(turn)
    try:
        configuration = configuration_of(turn.stage)
    except FileNotFoundError as error:
        raise technical(
            "FileNotFound",
            f"Stage {turn.stage.name} of pipeline {turn.release.pipeline} refers to a file that is "
            f"not deployed: {error}",
        ) from error
    return Evidence(
        release_id=turn.release.id,
        stage=turn.stage.name,
        ask=ask,
        model_type=registered.type,
        description=registered.description,
        tags=dict(registered.tags),
        properties=dict(registered.properties),
        registered_by=registered.created_by,
        registered_at=registered.created_at,
        file_count=len(files),
        total_bytes=sum(file.size for file in files),
        artefact_digest=turn.release.artefact_digest or "",
        probes={stage.name: stage.probe for stage in turn.release.stages if stage.probe},
        configuration=configuration,
    )


def _send_mails(turn: Turn, ask: Ask) -> bool:
    """Mail each approver once; False where the mail service wants to be left alone for a while.

    Raises:
        StepError: Nobody can be reached.
    """
    evidence = turn.services.store.evidence(
        release_id=turn.release.id, stage=turn.stage.name, ask=ask.number
    )
    assert evidence is not None, "written in the same transaction as the ask"
    for approver in ask.approvers:
        if approver in (*ask.mailed, *ask.refused):
            continue
        link = Link(turn.release.id, turn.stage.name, ask.number, person_key(approver))
        mail = turn.services.letters.approval_request(
            release=turn.release,
            stage=turn.stage,
            evidence=evidence,
            approver=approver,
            url=turn.services.links.url(link=link),
        )
        try:
            turn.services.mailer.send(mail=mail)
        except StepError as error:
            logger.warning("release %s: mail: %s", turn.release.id, error)
            if error.trouble.retryable:
                _say(turn, f"a mail to be taken: {error.trouble.message}")
                return False
            ask = replace(ask, refused=(*ask.refused, approver))
            turn.commit(_refused(turn, ask, error.trouble))
        else:
            ask = replace(ask, mailed=(*ask.mailed, approver))
            turn.commit(turn.updated(ask=ask))
    if not ask.mailed:
        raise technical(
            "NobodyReached",
            f"No approver of {turn.stage.name} can be reached by mail. Correct the addresses in "
            f"pipeline {turn.release.pipeline}, then start the release again.",
        )
    _say(turn, f"the approval of {_people(ask.approvers)}")
    return True


def _say(turn: Turn, waits_for: str) -> None:
    if turn.record.waits_for != waits_for:
        turn.commit(turn.updated(waits_for=waits_for))


def _refused(turn: Turn, ask: Ask, refused: Trouble) -> Change:
    """The change after a mail that was refused for good: it is not tried again, but noted."""
    return turn.updated(ask=ask).noting(
        EventType.MAIL_FAILED,
        f"A mail to an approver of {turn.stage.name} was refused: {refused.message}",
        at=turn.now,
        stage=turn.stage.name,
        details={"code": refused.code},
    )


def _policy(turn: Turn) -> ApprovalPolicy:
    policy = turn.stage.approval
    if policy is None:
        raise technical(
            "PipelineChanged",
            f"Stage {turn.stage.name} of pipeline {turn.release.pipeline} has lost its "
            "approval since this release began. Start the release again.",
        )
    return policy


def _people(addresses: tuple[str, ...]) -> str:
    return " or ".join(addresses)
