from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.adapters.store import keys
from shared.adapters.store.documents import DOCUMENT_LENGTH, PROPERTY_LENGTH, SCHEMA, decode, encode
from shared.domain.ask import Ask
from shared.domain.decision import Decision
from shared.domain.errors import StepError
from shared.domain.evidence import (
    Answered,
    Comparison,
    Current,
    Difference,
    Evidence,
    Skipped,
)
from shared.domain.fetch import Fetch
from shared.domain.pipeline import Json
from shared.domain.policy import ApprovalPolicy, Delegation, Escalation, Freeze, Hours
from shared.domain.release import (
    AuditEvent,
    FailedAnswer,
    IgnoredEvent,
    ModelVersion,
    Probe,
    Release,
    Settling,
    StageRecord,
)
from shared.domain.shortage import Shortage

TIMES = st.datetimes(min_value=datetime(2000, 1, 1)).map(  # noqa: DTZ001 (the zone follows)
    lambda at: at.replace(tzinfo=UTC, fold=0)
)
ANY_TEXT = st.text()
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
DETAILS = st.dictionaries(ANY_TEXT, JSON, max_size=3)
MAYBE_TIME = st.none() | TIMES
SECONDS = st.floats(allow_nan=False)
CLOCK = st.times().map(lambda at: at.replace(fold=0))


def few[T](one: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(one, max_size=2).map(tuple)


def every(type_: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """All fields drawn, those with defaults, too."""
    given: dict[str, Any] = {field.name: ... for field in dataclass_fields(type_)}
    return st.builds(type_, **given | fields)


DELEGATIONS = every(Delegation, begins_at=TIMES, ends_at=TIMES)
FREEZES = every(Freeze, begins_at=TIMES, ends_at=TIMES)
POLICIES = every(
    ApprovalPolicy,
    timeout_seconds=SECONDS,
    reminders_seconds=few(SECONDS),
    escalation=st.none() | every(Escalation, after_seconds=SECONDS),
    delegations=few(DELEGATIONS),
    hours=st.none() | every(Hours, opens=CLOCK, closes=CLOCK),
    freezes=few(FREEZES),
    probe_seconds=SECONDS,
    names=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2),
)
ASKS = every(
    Ask,
    asked_at=TIMES,
    expires_at=TIMES,
    policy=st.none() | POLICIES,
    look_at=MAYBE_TIME,
    first_mailed=few(st.tuples(st.text(), TIMES)),
    probed_at=MAYBE_TIME,
)
PROBES = every(Probe, latency_seconds=SECONDS)
STAGES = every(
    StageRecord,
    started_at=MAYBE_TIME,
    ended_at=MAYBE_TIME,
    ask=st.none() | ASKS,
    shortage=st.none() | every(Shortage, since=TIMES, expires_at=TIMES),
    traffic_before=st.none() | st.dictionaries(st.text(), st.integers(), max_size=3),
    probe=st.none() | PROBES,
    settling=st.none() | every(Settling, since=TIMES),
    failed_answer=st.none()
    | every(FailedAnswer, headers=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2)),
    model=st.none() | every(ModelVersion),
)
DIFFERENCES = every(Difference, before=JSON, after=JSON)
ANSWERS = st.none() | every(Answered, latency_seconds=SECONDS, body=JSON)
COMPARISONS = every(Comparison, candidate=ANSWERS, current=ANSWERS, differences=few(DIFFERENCES))
DOCUMENTS: dict[type, st.SearchStrategy[Any]] = {
    AuditEvent: every(AuditEvent, at=TIMES, details=DETAILS),
    Decision: every(Decision, at=TIMES, effective_at=MAYBE_TIME),
    Evidence: every(
        Evidence,
        registered_at=MAYBE_TIME,
        probes=st.dictionaries(st.text(), PROBES, max_size=2),
        configuration=DETAILS,
        terms=st.none() | DETAILS,
        schema=JSON,
        current=st.none() | every(Current, registered_at=MAYBE_TIME),
        comparisons=few(COMPARISONS),
        changes=few(DIFFERENCES),
        skipped=few(every(Skipped, registered_at=MAYBE_TIME)),
        changed_since=few(DIFFERENCES),
    ),
    Fetch: every(Fetch, first_at=TIMES, last_at=TIMES),
    IgnoredEvent: every(IgnoredEvent, at=TIMES),
    Release: every(
        Release,
        created_at=TIMES,
        updated_at=TIMES,
        registered_at=MAYBE_TIME,
        ended_at=MAYBE_TIME,
        stages=few(STAGES),
    ),
}


def row(value: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"PartitionKey": "p", "RowKey": "r", **encode(value)}


@pytest.mark.parametrize("type_", list(DOCUMENTS))
@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_what_is_written_is_read(type_: type[Any], data: st.DataObject) -> None:
    value = data.draw(DOCUMENTS[type_])
    read = decode(type_, row(value))
    assert read == value
    assert repr(read).replace("TzInfo(0)", "datetime.timezone.utc") == repr(value)


def test_long_documents_are_split_and_joined() -> None:
    for length in (PROPERTY_LENGTH // 4, PROPERTY_LENGTH // 2, PROPERTY_LENGTH):
        event = IgnoredEvent("e", datetime(2026, 11, 2, tzinfo=UTC), "w", None, "👍" * length)
        written = row(event)
        assert decode(IgnoredEvent, written) == event
        texts = [value for name, value in written.items() if name.startswith("document")]
        assert len(texts) > 1
        assert all(len(text.encode("utf-16-le")) <= 2 * PROPERTY_LENGTH for text in texts)


def event_of(length: int) -> IgnoredEvent:
    """An event whose document has so many characters."""
    empty = IgnoredEvent("e", datetime(2026, 11, 2, tzinfo=UTC), "w", None, "")
    return replace(empty, reason="x" * (length - len(str(encode(empty)["document"]))))


def test_a_document_that_no_row_holds_is_refused_before_the_call() -> None:
    longest = event_of(DOCUMENT_LENGTH)
    written = row(longest)
    assert decode(IgnoredEvent, written) == longest
    assert len(str(written).encode("utf-16-le")) < 1024 * 1024
    with pytest.raises(StepError, match="RowTooLarge") as caught:
        encode(event_of(DOCUMENT_LENGTH + 1))
    assert not caught.value.failure.retryable
    assert "IgnoredEvent takes 480 KiB" in caught.value.failure.message


def test_a_row_of_a_newer_schema_is_refused() -> None:
    event = IgnoredEvent("e", datetime(2026, 11, 2, tzinfo=UTC), "w", None, "reason")
    for strange in ({"schema": SCHEMA + 1}, {"schema": None}, {"document": "[]"}, {"document": ""}):
        with pytest.raises(StepError, match="Row r of p") as caught:
            decode(IgnoredEvent, row(event) | strange)
        assert not caught.value.failure.retryable


def test_a_field_that_older_code_does_not_know_is_passed_over() -> None:
    event = IgnoredEvent("e", datetime(2026, 11, 2, tzinfo=UTC), "w", None, "reason")
    written = row(event)
    written["document"] = written["document"].replace("{", '{"from_tomorrow":1,', 1)
    assert decode(IgnoredEvent, written) == event


@given(st.text(max_size=20), st.text(max_size=20))
def test_keys_hold_nothing_refused_and_stay_apart(one: str, other: str) -> None:
    assert not set(keys.escaped(one)) & set("/\\#?%|\t\n\r")
    assert (keys.escaped(one) == keys.escaped(other)) == (one == other)


@given(TIMES, TIMES)
def test_keys_sort_by_time(one: datetime, other: datetime) -> None:
    if one > other:
        one, other = other, one
    assert keys.oldest_first(one, "") <= keys.oldest_first(other, "")
    assert keys.latest_first(one, "") >= keys.latest_first(other, "")
    later = other + timedelta(microseconds=1)
    assert keys.oldest_first(other, "z") < keys.oldest_first(later, "a")
    assert keys.latest_first(later, "z") < keys.latest_first(other, "a")
