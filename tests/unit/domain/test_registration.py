"""Reading registrations: both schemas, both spellings, both types of the version, and bad ones."""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.names import ASSET_NAME
from shared.domain.pipeline import Json, Pipeline, Workspace
from shared.domain.registration import (
    MODEL_REGISTERED,
    MalformedEventError,
    Registration,
    read_event,
    takers,
)
from shared.domain.release import ModelVersion

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
QA = Workspace("5b1d", "rg-qa", "wk-qa")
REFERENCE = os.environ.get("MODELGATE_REFERENCE")
EXAMPLES = Path(REFERENCE or "nowhere") / "real-traffic" / "eventgrid"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def low(name: str) -> str:
    return name[0].lower() + name[1:]


def read(data: Json = None, **changed: Any) -> Registration:  # noqa: ANN401
    fields: dict[str, Any] = {
        "event_id": "831e1650",
        "type_": MODEL_REGISTERED,
        "source": QA.arm_id,
        "at": AT,
        "data": {"ModelName": "diabetes", "ModelVersion": 20} if data is None else data,
    }
    return read_event(**fields | changed)


def tagged(value: Json) -> dict[str, Json]:
    return {"data": {"ModelName": "m", "ModelVersion": 1, "ModelTags": {"t": value}}}


def test_a_time_without_a_zone_is_utc() -> None:
    assert read(at=AT.replace(tzinfo=None)).at == AT


@pytest.mark.parametrize("version", [20, "20"])
@pytest.mark.parametrize("case", [str, low])
def test_both_spellings_and_both_types_are_read(version: Json, case: Any) -> None:  # noqa: ANN401
    tags: Json = {"area": "diabetes", "count": 3, "empty": None}
    names = [case(name) for name in ("ModelName", "ModelVersion", "ModelTags")]
    registration = read(dict(zip(names, ["diabetes", version, tags], strict=True)))
    assert registration.model == ModelVersion("diabetes", "20")
    assert registration.tags == {"area": "diabetes", "count": "3", "empty": ""}
    assert (registration.event_id, registration.at) == ("831e1650", AT)


def test_a_topic_may_be_followed_by_a_path_and_ignores_case() -> None:
    registration = read(source=f"{QA.arm_id.upper()}/models/diabetes")
    assert QA.is_named_by(registration.workspace)


@pytest.mark.parametrize("tags", [None, {}])
def test_a_model_without_tags_has_none(tags: Json) -> None:
    assert read({"ModelName": "m", "ModelVersion": "1", "ModelTags": tags}).tags == {}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"type_": None}, "the event type is None"),
        ({"type_": "Microsoft.MachineLearningServices.ModelDeployed"}, "ModelDeployed, not"),
        ({"event_id": None}, "no id"),
        ({"event_id": ""}, "no id"),
        ({"at": None}, "no time"),
        ({"source": None}, "no Azure ML workspace: None"),
        ({"source": "/subscriptions/s/resourceGroups/rg"}, "no Azure ML workspace"),
        ({"source": f"/elsewhere{QA.arm_id}"}, "no Azure ML workspace"),
        ({"data": "text"}, "data is no object"),
        ({"data": [1]}, "data is no object"),
        ({"data": {"ModelVersion": 1}}, "no ModelName"),
        ({"data": {"ModelName": "  ", "ModelVersion": 1}}, "no ModelName"),
        ({"data": {"ModelName": 7, "ModelVersion": 1}}, "no ModelName"),
        ({"data": {"ModelName": "m"}}, "no ModelVersion"),
        ({"data": {"ModelName": "m", "ModelVersion": ""}}, "no ModelVersion"),
        ({"data": {"ModelName": "m", "ModelVersion": True}}, "no ModelVersion"),
        ({"data": {"ModelName": "m", "ModelVersion": 1.5}}, "no ModelVersion"),
        ({"data": {"ModelName": "m", "ModelVersion": ["1"]}}, "no ModelVersion"),
        ({"data": {"ModelName": "m", "ModelVersion": 1, "ModelTags": [1]}}, "ModelTags"),
        ({"event_id": {}}, "no id"),
        ({"event_id": ["x"]}, "no id"),
        ({"event_id": "x" * 201}, "id is not one line of at most 200"),
        ({"event_id": "\ud800"}, "id is not one line"),
        ({"type_": {"a": 1}}, "the event type is dict, not"),
        ({"type_": "x" * 10_000}, f"the event type is {'x' * 200}…, not"),
        ({"source": 7}, "no Azure ML workspace: int"),
        ({"source": "\ud800\n"}, "no Azure ML workspace: \ufffd\ufffd$"),
        ({"data": {"ModelName": "../m", "ModelVersion": 1}}, r"would take: \.\./m"),
        ({"data": {"ModelName": "m\n", "ModelVersion": 1}}, "ModelName is none that Azure ML"),
        ({"data": {"ModelName": "größe", "ModelVersion": 1}}, "ModelName is none that Azure ML"),
        ({"data": {"ModelName": "m" * 256, "ModelVersion": 1}}, "ModelName is none that Azure"),
        ({"data": {"ModelName": "\u202em", "ModelVersion": 1}}, "would take: \ufffdm"),
        ({"data": {"ModelName": "\ud800", "ModelVersion": 1}}, "would take: \ufffd"),
        ({"data": {"ModelName": "m", "ModelVersion": "1/../2"}}, "ModelVersion is none that"),
        ({"data": {"ModelName": "m", "ModelVersion": "v" * 256}}, "ModelVersion is none that"),
        ({"data": {"ModelName": "m", "ModelVersion": -1}}, "ModelVersion is none that"),
        ({"data": {"ModelName": "m", "ModelVersion": 10**5_000}}, "no ModelVersion"),
        (tagged({}), "tag t is no text"),
        (tagged(["x"]), "tag t is no text"),
        (tagged(10**5_000), "tag t is no text"),
    ],
)
def test_malformed_events_say_what_is_wrong(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(MalformedEventError, match=problem):
        read(**changed)


FIELDS = [case(each) for each in ("ModelName", "ModelVersion", "ModelTags") for case in (str, low)]


@given(
    json_values
    | st.dictionaries(
        st.sampled_from(FIELDS), json_values | st.from_regex(ASSET_NAME, fullmatch=True)
    )
)
def test_any_data_is_read_or_called_malformed(data: Json) -> None:
    try:
        registration = read(data={} if data is None else data)
    except MalformedEventError as error:
        told = str(error)
    else:
        told = ""
    assert not told or told.isprintable()
    assert len(told) < 500
    if told:
        return
    assert ASSET_NAME.fullmatch(registration.model.name)
    assert ASSET_NAME.fullmatch(registration.model.version)
    assert all(isinstance(tag, str) for tag in registration.tags.values())


@given(st.sampled_from(["event_id", "type_", "source"]), json_values)
def test_any_envelope_is_read_or_called_malformed(field: str, value: Json) -> None:
    with suppress(MalformedEventError):
        assert read(**{field: value}).event_id


def test_data_of_any_depth_and_size_is_not_walked_through() -> None:
    deep: Json = 1
    for _ in range(100_000):
        deep = [deep]
    data: Json = {"ModelName": "m", "ModelVersion": 1, "ModelProperties": deep, "x": 10**5_000}
    assert read(data).model == ModelVersion("m", "1")
    with pytest.raises(MalformedEventError, match="tag t is no text"):
        read(**tagged(deep))
    while isinstance(deep, list):  # or Python takes it apart by recursion
        deep = deep.pop()


@pytest.mark.skipif(REFERENCE is None, reason="MODELGATE_REFERENCE does not name the examples")
@pytest.mark.parametrize(
    "file",
    [
        "docs_cloudevents_model_registered.json",
        "sdk-go-net-test_model_registered.json",
        "spec-examples/cloud-events-schema/model_registered.json",
        "spec-examples/event-grid-schema/model_registered.json",
    ],
)
def test_published_examples_are_read(file: str) -> None:
    content = json.loads((EXAMPLES / file).read_text())
    event = content[0] if isinstance(content, list) else content
    registration = read_event(
        event_id=event["id"],
        type_=event.get("type") or event["eventType"],
        source=event.get("source") or event["topic"],
        at=datetime.fromisoformat(event.get("time") or event["eventTime"]),
        data=event["data"],
    )
    assert registration.model.name == "sklearn_regression_model"
    assert registration.model.version in ("3", "20")
    assert registration.tags == {"area": "diabetes", "type": "regression"}


@pytest.mark.skipif(REFERENCE is None, reason="MODELGATE_REFERENCE does not name the examples")
@pytest.mark.parametrize("name", ["model_deployed", "run_completed", "dataset_drift_detected"])
def test_published_examples_of_other_events_are_refused(name: str) -> None:
    event = json.loads((EXAMPLES / f"spec-examples/event-grid-schema/{name}.json").read_text())
    with pytest.raises(MalformedEventError, match="the event type is"):
        read(type_=event["eventType"], data=event["data"])


def pipeline(name: str = "diabetes", model: str = "diabetes*", **tags: str) -> Pipeline:
    return Pipeline(name, QA, model, (), tags)


@pytest.mark.parametrize(
    ("candidate", "refusal"),
    [
        (pipeline(), None),
        (pipeline(model="*"), None),
        (pipeline(area="*"), None),
        (pipeline(area="health"), None),
        (pipeline(model="Diabetes"), "pipeline diabetes takes models named Diabetes"),
        (pipeline(model="diabetes"), "pipeline diabetes takes models named diabetes"),
        (pipeline(team="*"), "pipeline diabetes takes models with a tag team"),
        (pipeline(area="x"), "pipeline diabetes takes models whose tag area is x"),
    ],
)
def test_pipelines_take_by_name_and_tags(candidate: Pipeline, refusal: str | None) -> None:
    data: Json = {"ModelName": "diabetes-2", "ModelVersion": 1, "ModelTags": {"area": "health"}}
    taken, refusals = takers([candidate], read(data))
    assert taken == ([] if refusal else [candidate])
    assert refusals == ([refusal] if refusal else [])


def test_an_event_of_another_workspace_is_refused_by_each_pipeline() -> None:
    other = Workspace("5b1d", "rg-qa", "wk-other")
    taken, refusals = takers([pipeline("one"), pipeline("two")], read(source=other.arm_id))
    assert taken == []
    assert refusals == [
        "pipeline one takes models of workspace wk-qa",
        "pipeline two takes models of workspace wk-qa",
    ]


def test_several_pipelines_may_take_a_model() -> None:
    both = [pipeline("one"), pipeline("two"), pipeline("three", model="x")]
    taken, refusals = takers(both, read())
    assert taken == both[:2]
    assert len(refusals) == 1
