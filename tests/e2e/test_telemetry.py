"""A whole release on the stack, as Application Insights gets to see it.

The host's worker sets telemetry up as on Azure; Microsoft's exporter sends to loopback.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from shared.adapters.telemetry import trace_id_of
from shared.domain.release import ReleaseId
from tests.e2e import scenarios
from tests.e2e.pipelines import write
from tests.e2e.secrets import secrets_of, told_in
from tests.e2e.stacks import WHOLE_TRAIL, Stack
from tests.e2e.starting import running
from tests.e2e.workspaces import eventually
from tests.ingestion import Ingestion

SCENARIO = "whole-way"


@dataclass(frozen=True)
class Seen:
    """A release that has ended, and what was told of it."""

    release_id: ReleaseId
    ingestion: Ingestion
    secrets: Mapping[str, str]

    def ours(self, *kinds: str) -> list[dict[str, Any]]:
        """Items that carry the release's id."""
        return [
            item
            for item in self.ingestion.of(*kinds)
            if properties(item).get("modelgate.release_id") == self.release_id
        ]


def properties(item: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = item["data"]["baseData"].get("properties") or {}
    return found


def by_the_host(line: dict[str, Any]) -> bool:
    """Whether the host said it: the local one in the worker's process, Azure's in its own."""
    return properties(line)["logger_name"].startswith("dev.host")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    ingestion = Ingestion()
    folder = tmp_path_factory.mktemp("stack")
    pipelines = write(tmp_path_factory.mktemp("pipelines"), scenarios.PIPELINES)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ingestion.settings(tmp_path_factory.mktemp("unsent")).items():
            patch.setenv(name, value)
        with running(folder, pipelines) as stack:
            release_id = ReleaseId(released(stack))
            secrets = secrets_of(stack)
            found = Seen(release_id, ingestion, secrets)
            eventually(lambda: found.ours("MessageData") or None, "telemetry")
    yield found
    ingestion.close()


def released(stack: Stack) -> str:
    """The id of a release that people approved; the engine is lost on the way."""
    release_id = stack.release_of(SCENARIO)
    stack.link(SCENARIO)
    stack.drop_engine()
    stack.decide(SCENARIO)
    stack.succeeded(release_id)
    stack.owners_mail(SCENARIO)
    return release_id


def test_everything_of_the_release_is_in_one_trace(seen: Seen) -> None:
    spans = seen.ours("RemoteDependencyData", "RequestData")
    names = {span["data"]["baseData"]["name"] for span in spans}
    assert {"take_event", "begin_release", "copy_model", "decide", "sweep", "wrap_up"} <= names
    traces = {item["tags"]["ai.operation.id"] for item in (*spans, *seen.ours("MessageData"))}
    assert traces == {f"{trace_id_of(seen.release_id):032x}"}


def test_every_line_that_names_the_release_carries_its_id(seen: Seen) -> None:
    lines = [
        item
        for item in seen.ingestion.of("MessageData")
        if seen.release_id in item["data"]["baseData"]["message"] and not by_the_host(item)
    ]
    assert len(lines) > 20
    assert [line for line in lines if line not in seen.ours("MessageData")] == []


def test_the_trail_is_told_event_by_event(seen: Seen) -> None:
    events = [properties(item).get("modelgate.event") for item in seen.ours("MessageData")]
    told = [event for event in events if event not in (None, "Swept", "ExpiresSoon")]
    assert sorted(map(str, told)) == sorted(WHOLE_TRAIL)


def test_nothing_secret_is_told(seen: Seen) -> None:
    assert not told_in(repr(seen.ingestion.items), seen.secrets)
