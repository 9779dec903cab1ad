"""The candidate beside what serves now: both answer the same sample requests."""

import json
import math
from dataclasses import replace
from typing import Final

from shared.domain.errors import StepError
from shared.domain.evidence import Answered, Comparison, Current, Difference, differing
from shared.domain.pipeline import Json, Stage
from shared.domain.release import StageState
from shared.workflow.gate.changes import presentable
from shared.workflow.turn import Turn

SHOWN_CHARACTERS: Final = 4000
"""Of a request or an answer, as JSON: enough for people, and evidence has to fit into a row."""

SHOWN_DIFFERENCES: Final = 20


def compare(turn: Turn, current: Current | None) -> tuple[Comparison, ...]:
    """One comparison for each sample request of the stage before and of this one."""
    before = candidate_stage(turn)
    if before is None:
        return ()
    stage, deployment = before
    samples = [stage.health.sample_request, turn.stage.health.sample_request]
    distinct = [sample for place, sample in enumerate(samples) if sample not in samples[:place]]
    return tuple(_comparison(turn, stage, deployment, current, sample) for sample in distinct)


def candidate_stage(turn: Turn) -> tuple[Stage, str] | None:
    """The last stage that the release has passed, where it did so, and its deployment there."""
    passed = [
        record
        for record in turn.release.stages
        if record.state is StageState.SUCCEEDED and record.deployment
    ]
    stage = turn.pipeline.stage(passed[-1].name) if passed else None
    if stage is None:
        return None
    there, record = stage.workspace, passed[-1]
    stage = replace(
        stage, workspace=record.workspace or there, endpoint=record.endpoint or stage.endpoint
    )
    return stage, record.deployment or ""


def _comparison(
    turn: Turn, stage: Stage, deployment: str, current: Current | None, sample: Json
) -> Comparison:
    candidate, candidate_note = _ask(turn, stage, deployment, sample)
    serving, serving_note = (
        (None, f"{turn.stage.endpoint} serves nothing yet.")
        if current is None
        else _ask(turn, turn.stage, None, sample)
    )
    found, count = _first_of(serving, candidate)
    return Comparison(
        request=_cut(json.dumps(clean(sample), ensure_ascii=False)),
        candidate=_shortened(candidate),
        current=_shortened(serving),
        note=" ".join(note for note in (candidate_note, serving_note) if note),
        differences=tuple(presentable(found)),
        difference_count=count,
    )


def _first_of(serving: Answered | None, candidate: Answered | None) -> tuple[list[Difference], int]:
    """The first differences between two answers, and how many there are."""
    first: list[Difference] = []
    count = 0
    for each in differing(serving.body, candidate.body) if serving and candidate else ():
        count += 1
        if count <= SHOWN_DIFFERENCES:
            first.append(each)
    return first, count


def _ask(
    turn: Turn, stage: Stage, deployment: str | None, sample: Json
) -> tuple[Answered | None, str]:
    """The answer, or why there is none: an answer that is missing is for people to judge."""
    try:
        answer = turn.services.endpoints.score(
            stage=stage,
            deployment=deployment,
            body=sample,
            timeout_seconds=stage.request.timeout_seconds + 5,
        )
    except StepError as error:
        return None, f"{stage.endpoint} gave no answer: {error.failure.message}"
    return Answered(answer.status, answer.latency_seconds, clean(answer.body)), ""


def _shortened(answer: Answered | None) -> Answered | None:
    if answer is None:
        return None
    text = json.dumps(answer.body, ensure_ascii=False)
    body = answer.body if len(text) <= SHOWN_CHARACTERS else _cut(text)
    return Answered(answer.status, answer.latency_seconds, body)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + " …"


def clean(value: Json) -> Json:
    """The value as any store keeps it: models answer NaN, and halves of characters."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [clean(each) for each in value]
    if isinstance(value, dict):
        return {clean_text(name): clean(each) for name, each in value.items()}
    return value


def clean_text(text: str) -> str:
    """The text without halves of characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
