"""What crosses the durable boundary comes back as it went; configuration shows every change."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import Failure, FailureKind
from shared.domain.pipeline import Environment, ScoringCode
from shared.domain.release import Outcome
from shared.workflow import contract
from shared.workflow.activities import BODIES
from shared.workflow.configuration import configuration_of
from shared.workflow.contract import Activity, Answer, AnswerState, StagePlan, Watch
from tests.unit.workflow.releasing import PROD_STAGE

SHARED = Path(contract.__file__).parents[1]
CENSORED = re.compile(r"(token|key|password|pwd|server)=|[?&](sig|code)=", re.IGNORECASE)
"""What the Functions host hides in the text of a failed activity, up to the end of the line."""

seconds = st.floats(0, 1e7)
values = st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.booleans())
answers = st.builds(
    Answer,
    st.sampled_from(AnswerState),
    values,
    st.none()
    | st.builds(
        Failure,
        st.sampled_from(FailureKind),
        st.text(),
        st.text(),
        st.none() | st.floats(0, 1e6),
        st.booleans(),
    ),
    st.none() | st.sampled_from(Outcome),
    st.text(),
)
plans = st.builds(
    StagePlan, st.text(), st.booleans(), st.booleans(), st.booleans(), seconds, seconds
)
watches = st.builds(
    Watch,
    st.sampled_from(Activity),
    values,
    seconds,
    st.none() | seconds,
    st.none() | st.text(),
    st.none() | st.text(),
)


@given(answers)
def test_answers_come_back(answer: Answer) -> None:
    assert Answer.from_json(json.loads(json.dumps(answer.to_json()))) == answer


@given(plans)
def test_plans_come_back(plan: StagePlan) -> None:
    assert StagePlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@given(watches)
def test_watches_come_back(watch: Watch) -> None:
    assert Watch.from_json(json.loads(json.dumps(watch.to_json()))) == watch


def test_every_activity_has_a_body_and_a_payload_is_never_empty() -> None:
    assert BODIES.keys() == set(Activity)
    assert contract.payload("r") == {"schema": contract.SCHEMA, "release_id": "r", "stage": None}


@pytest.mark.parametrize("folder", ["domain", "workflow"])
def test_no_text_of_ours_is_what_the_host_hides(folder: str) -> None:
    texts = [
        node.value
        for file in (SHARED / folder).rglob("*.py")
        for parent in ast.walk(ast.parse(file.read_text()))
        if not isinstance(parent, ast.Expr)  # docstrings are for readers, not for logs
        for node in ast.iter_child_nodes(parent)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert len(texts) > 100
    assert [text for text in texts if CENSORED.search(text)] == []


def test_the_configuration_shows_files_by_name_and_content(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/score.py").write_text("one")
    (tmp_path / "conda.yaml").write_text("one")
    stage = replace(
        PROD_STAGE,
        environment=Environment(image="image", conda_file=tmp_path / "conda.yaml"),
        code=ScoringCode(tmp_path / "code", "score.py"),
    )
    seen = [configuration_of(stage)]
    for file, text in (("code/score.py", "two"), ("conda.yaml", "two"), ("code/more.py", "")):
        (tmp_path / file).write_text(text)
        assert configuration_of(stage) not in seen
        seen.append(configuration_of(stage))
    (tmp_path / "code/__pycache__").mkdir()
    (tmp_path / "code/__pycache__/score.pyc").write_text("compiled")
    assert configuration_of(stage) == seen[-1]
    assert str(tmp_path) not in json.dumps(seen)
    (tmp_path / "conda.yaml").unlink()
    with pytest.raises(FileNotFoundError):
        configuration_of(stage)


def test_the_configuration_leaves_out_whom_to_ask() -> None:
    other = replace(PROD_STAGE, approval=None, keep_previous=True)
    assert configuration_of(other) == configuration_of(PROD_STAGE)
    assert "approval" not in configuration_of(PROD_STAGE)


def test_an_answer_in_a_history_of_before_is_read() -> None:
    failed = Answer.failed(Failure(FailureKind.MODEL, "ImageBuildFailure", "x"))
    before = failed.to_json()
    before["trouble"] = before.pop("failure")
    before["state"] = "trouble"
    assert Answer.from_json(before) == failed
