"""Rows of before there were policies (schema 1), as they were written then, and of later ones."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.adapters.store import keys
from shared.adapters.store.documents import SCHEMA, decode, encode
from shared.adapters.store.index import has_work
from shared.adapters.store.rows import once
from shared.domain.approval import Verdict, judge
from shared.domain.asking import owed
from shared.domain.decision import Choice, Decision
from shared.domain.errors import StepError
from shared.domain.evidence import Evidence
from shared.domain.names import person_key
from shared.domain.policy import Order, Rejection
from shared.domain.release import Outcome, Release, StageState

AT = datetime(2026, 11, 2, 9, 0, 0, 123456, tzinfo=UTC)

WAITING = """
{"id":"diabetes-3-0123456789","pipeline":"diabetes","model":{"name":"diabetes","version":"3"},
"workspace":"/subscriptions/5b1d/resourceGroups/rg-qa/providers/Microsoft.MachineLearningServices/workspaces/wk-qa",
"attempt":1,"created_at":"2026-11-02T09:00:00.123456Z","updated_at":"2026-11-02T09:00:00.123456Z",
"stages":[{"name":"qa","state":"Succeeded","started_at":"2026-11-02T09:00:00.123456Z",
"ended_at":"2026-11-02T09:00:00.123456Z","workspace":{"subscription_id":"5b1d",
"resource_group":"rg-qa","name":"wk-qa"},"endpoint":"api-qa","configuration":"cdcd",
"deployment":"v3-01234567","model":{"name":"diabetes","version":"3"},"ask":null,"waits_for":null,
"operation":null,"traffic_before":{},"probe":{"status":200,"latency_seconds":0.125,
"problems":[]}},{"name":"prod","state":"Waiting","started_at":"2026-11-02T09:00:00.123456Z",
"ended_at":null,"workspace":{"subscription_id":"5b1d","resource_group":"rg-prod","name":"wk-prod"},
"endpoint":"api","configuration":null,"deployment":null,"model":null,"ask":{"number":1,
"asked_at":"2026-11-02T09:00:00.123456Z","expires_at":"2026-11-05T09:00:00.123456Z",
"digest":"abab","approvers":["ada@example.com","bob@example.com"],"used":false,
"mailed":["ada@example.com"],"refused":["bob@example.com"]},"waits_for":"an approval",
"operation":null,"traffic_before":null,"probe":null}],"artefact_digest":"efef",
"requested_by":null,"abort_requested_by":null,"ending":null,"outcome":null,"reason":null,
"ended_at":null,"told_owners":false,"last_event":7,"published_event":7}
"""
ENDED = (
    WAITING.replace('"state":"Waiting"', '"state":"Stopped"')
    .replace('"outcome":null', '"outcome":"Rejected"')
    .replace('"reason":null,\n"ended_at":null', '"reason":"No.","ended_at":"2026-11-02T10:00:00Z"')
    .replace('"told_owners":false', '"told_owners":true')
)
DECISION = """
{"release_id":"diabetes-3-0123456789","stage":"prod","ask":1,"approver":"ada@example.com",
"choice":"approve","comment":"Gut.","at":"2026-11-02T09:30:00.123456Z","digest":"abab"}
"""
EVIDENCE = """
{"release_id":"diabetes-3-0123456789","stage":"prod","ask":1,"model_type":"mlflow_model",
"description":"Gr\\u00f6\\u00dfe","tags":{"area":"diabetes"},"properties":{},"registered_by":null,
"registered_at":"2026-11-02T09:00:00.123456Z","file_count":2,"total_bytes":4096,
"artefact_digest":"efef","probes":{"qa":{"status":200,"latency_seconds":0.125,"problems":[]}},
"configuration":{"endpoint":"api","compute":{"instance_count":1}}}
"""


def row(document: str, schema: object = 1) -> Mapping[str, Any]:
    return {"PartitionKey": "p", "RowKey": "r", "schema": schema, "document": document}


def test_a_release_that_waits_is_read_and_asked_about_by_mails_of_today() -> None:
    release = decode(Release, row(WAITING))
    assert release.created_at == AT
    assert not release.told_everybody
    assert has_work(release)
    ask = release.stage_named("prod").ask
    assert ask is not None
    assert (ask.series, ask.roster, ask.policy) == (1, (), None)
    terms = ask.terms
    assert terms.approvers == ("ada@example.com", "bob@example.com")
    assert (terms.order, terms.reject, terms.required) == (Order.ANY, Rejection.FIRST, 1)
    assert terms.timeout_seconds == timedelta(days=3).total_seconds()
    # the links that they had are of another form: whoever may decide gets a new one
    mails = owed(ask, judge(ask, [], AT), AT)
    assert [mail.speaker.person for mail in mails] == list(ask.approvers)


def test_a_decision_is_read_and_counts() -> None:
    ask = decode(Release, row(WAITING)).stage_named("prod").ask
    said = decode(Decision, row(DECISION))
    assert (said.choice, said.revision, said.effective_at) == (Choice.APPROVE, 1, None)
    assert ask is not None
    judgement = judge(ask, [said], AT + timedelta(days=1))
    assert (judgement.verdict, judgement.decision) == (Verdict.APPROVED, said)


def test_evidence_is_read() -> None:
    evidence = decode(Evidence, row(EVIDENCE))
    assert evidence.description == "Größe"
    assert evidence.configuration == {"endpoint": "api", "compute": {"instance_count": 1}}
    assert (evidence.terms, evidence.current, evidence.comparisons) == (None, None, ())


def test_whoever_was_told_of_an_end_is_not_told_again() -> None:
    release = decode(Release, row(ENDED))
    assert release.outcome is Outcome.REJECTED
    assert release.stage_named("prod").state is StageState.STOPPED
    assert release.told_everybody
    assert not has_work(release)


def test_a_first_answer_stands_where_answers_always_stood() -> None:
    said = decode(Decision, row(DECISION))
    _, written, *_ = once(said)
    assert written["RowKey"] == f"decision-prod-001-{person_key('ada@example.com')}"
    assert keys.decision("prod", 1, "x", 1) < keys.decision("prod", 1, "x", 2)


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, None, "1", "2", 1.5])
def test_rows_of_other_schemas_are_refused(schema: object) -> None:
    with pytest.raises(StepError, match="Row r of p has schema"):
        decode(Decision, row(DECISION, schema))


def test_what_is_written_now_is_refused_by_those_who_would_misread_it() -> None:
    assert encode(decode(Decision, row(DECISION)))["schema"] == 2  # older code reads 1 alone
