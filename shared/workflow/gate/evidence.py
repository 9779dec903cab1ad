"""Evidence: gathered when people are asked, and looked at again before their word is used."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from shared.domain.artefacts import FileSet, digest, plain
from shared.domain.errors import technical
from shared.domain.evidence import Check, Difference, Evidence, differences
from shared.domain.pipeline import Json
from shared.domain.policy import ApprovalPolicy
from shared.ports import Artifacts, RegisteredModel
from shared.workflow.apart import require_apart
from shared.workflow.configuration import configuration_of
from shared.workflow.gate.changes import Known, changes_since, description_of, presentable
from shared.workflow.gate.comparing import clean, clean_text, compare
from shared.workflow.gate.serving import serving_now
from shared.workflow.gate.skipped import rejected_since, skipped_versions, why_unknown
from shared.workflow.source import source_of
from shared.workflow.turn import Turn

NOT_BINDING: Final = frozenset(
    {"instructions", "names", "timeout_seconds", "reminders_seconds", "probe_seconds", "supersede"}
)
"""Parts of a policy that say nothing of whose word counts, or when."""

LOOKED_AT_AGAIN: Final = (
    "model_type",
    "description",
    "tags",
    "properties",
    "file_count",
    "total_bytes",
    "artefact_digest",
    "probes",
    "configuration",
    "terms",
    "current",
)
"""What is read anew before an approval is used; the rest was measured once, for people."""

MLFLOW = "mlflow_model"


def terms_of(policy: ApprovalPolicy) -> dict[str, Json]:
    """What of a policy an ask is bound to, as JSON."""
    whole = plain(policy)
    assert isinstance(whole, dict)
    return {name: value for name, value in whole.items() if name not in NOT_BINDING}


def digest_of(evidence: Evidence) -> str:
    """The digest that a decision is bound to: everything that people are shown."""
    return digest(plain(replace(evidence, ask=0)))


def gather(turn: Turn, policy: ApprovalPolicy, *, number: int, before: Evidence | None) -> Evidence:
    """All that people are to know.

    Args:
        turn: At the gate of the stage that is asked for.
        policy: Under which people are asked.
        number: The ask's.
        before: What they were shown when they were asked before; None for the first ask.

    Raises:
        StepError: The model or a file of the configuration is not there, or not as it was tested;
            Azure does not answer; or something is not ready, so that a yes would fail.
    """
    bare, registered, files = _looked_at(turn, policy, ask=number)
    checks = _require_ready(turn, registered)
    known = Known(
        description=description_of(bare, registered.type),
        files=files.first,
        file_count=files.count,
        schema=signature_of(turn.services.artifacts, registered),
        configuration=bare.configuration,
    )
    changes, changes_note = changes_since(turn, bare.current, known)
    skipped, more = skipped_versions(turn, bare.current)
    return replace(
        bare,
        files=files.first,
        schema=known.schema,
        comparisons=compare(turn, bare.current),
        changes=tuple(changes),
        changes_note=changes_note,
        skipped=tuple(skipped),
        skipped_more=more,
        skipped_note=why_unknown(turn, bare.current),
        checks=checks,
        changed_since=tuple(_changed(before, bare)) if before else (),
    )


def _require_ready(turn: Turn, registered: RegisteredModel) -> tuple[Check, ...]:
    """What was looked at beforehand, so that a yes does not fail for what is known already.

    Raises:
        StepError: Something is not ready; it is looked at again where waiting can help.
    """
    stage = turn.stage
    copies = stage.workspace != turn.pipeline.source
    checks = turn.services.preflight.checks(
        stage=stage, pipeline=turn.release.pipeline, copies=copies
    )
    if copies:
        target = turn.services.models.default_container(workspace=stage.workspace)
        require_apart(turn, registered, target)
    failed = [check for check in checks if check.passed is False]
    if failed:
        words = " ".join(f"{check.name}: {check.words}" for check in failed)
        raise technical(
            "NotReady",
            f"Nobody is asked to approve {stage.name}, since the deployment would fail. "
            f"{words} Start the release again when that is mended.",
            retryable=all(check.may_pass_by_itself for check in failed),
        )
    return tuple(checks)


def changed_since(turn: Turn, policy: ApprovalPolicy, shown: Evidence) -> list[Difference]:
    """What is not as people were shown it; empty where it all is.

    Raises:
        StepError: As `gather`.
    """
    return [
        *_changed(shown, _looked_at(turn, policy, ask=shown.ask)[0]),
        *presentable(rejected_since(turn, shown.skipped)),
    ]


def _changed(shown: Evidence, now: Evidence) -> list[Difference]:
    return presentable(differences(_binding(shown), _binding(now)))


def _binding(evidence: Evidence) -> dict[str, Json]:
    return {name: plain(getattr(evidence, name)) for name in LOOKED_AT_AGAIN}


def _looked_at(
    turn: Turn, policy: ApprovalPolicy, *, ask: int
) -> tuple[Evidence, RegisteredModel, FileSet]:
    """What can be read again at any time."""
    registered, files = source_of(turn)
    try:
        configuration = configuration_of(turn.stage)
    except FileNotFoundError as error:
        raise technical(
            "FileNotFound",
            f"Stage {turn.stage.name} of pipeline {turn.release.pipeline} refers to a file that is "
            f"not deployed: {error}",
        ) from error
    evidence = Evidence(
        release_id=turn.release.id,
        stage=turn.stage.name,
        ask=ask,
        model_type=registered.type,
        description=clean_text(registered.description),
        tags=_clean_texts(registered.tags),
        properties=_clean_texts(registered.properties),
        registered_by=registered.created_by,
        registered_at=registered.created_at,
        file_count=files.count,
        total_bytes=files.total_bytes,
        artefact_digest=turn.release.artefact_digest or "",
        probes={stage.name: stage.probe for stage in turn.release.stages if stage.probe},
        configuration=configuration,
        terms=terms_of(policy),
        current=serving_now(turn),
    )
    return evidence, registered, files


def signature_of(artifacts: Artifacts, registered: RegisteredModel) -> Json:
    """The model's schema, where it is one that has one."""
    if registered.type != MLFLOW:
        return None
    return clean(artifacts.signature(container=registered.container, path=registered.path))


def _clean_texts(texts: Mapping[str, str]) -> dict[str, str]:
    return {clean_text(name): clean_text(text) for name, text in texts.items()}
