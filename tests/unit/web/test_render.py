from datetime import UTC, datetime, timedelta, timezone

import jinja2
import pytest

from shared.domain.pipeline import Json
from shared.web.facts import target_of
from shared.web.render import TEMPLATES, duration, environment, latency, moment, render, size
from tests.unit.web.support import CONFIGURATION, QA, waiting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 seconds"),
        (0.4, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"),
        (86_399, "23 hours"),
        (29.5 * 86_400, "29 days"),
    ],
)
def test_durations_are_told_in_their_largest_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (2**29, "512.0 MiB"),
        (2**61, "2097152.0 TiB"),
    ],
)
def test_sizes_are_told_in_the_unit_that_reads_best(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0521, "52 ms"), (0.9999, "1000 ms"), (1.5, "1.50 s")]
)
def test_latencies(seconds: float, text: str) -> None:
    assert latency(seconds) == text


def test_times_are_told_in_utc() -> None:
    at = datetime(2026, 12, 4, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    assert moment(at) == "3 Dec 2026, 23:05 UTC"
    assert moment(datetime(2026, 1, 1, tzinfo=UTC)) == "1 Jan 2026, 00:00 UTC"


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("pages/message.html", style="", title="No text")


def test_every_template_compiles() -> None:
    names = [
        path.relative_to(TEMPLATES).as_posix()
        for path in TEMPLATES.rglob("*")
        if path.suffix in (".html", ".txt")
    ]
    assert len(names) >= 12
    for name in names:
        environment().get_template(name)


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (
            {"instance_type": "Standard_DS3_v2", "instance_count": 2},
            "managed instances: 2 of Standard_DS3_v2",
        ),
        (
            {
                "target": "aks",
                "instance_type": None,
                "instance_count": 1,
                "cpu": "500m",
                "memory": "1Gi",
            },
            "instances on Kubernetes cluster aks: 1 of the default type, 500m CPU and 1Gi each",
        ),
        (None, "not recorded"),
    ],
)
def test_compute_is_told_in_words(compute: Json, words: str) -> None:
    release = waiting().release
    assert target_of(release, CONFIGURATION | {"compute": compute}).compute == words


def test_a_stage_in_the_source_workspace_copies_nothing() -> None:
    release = waiting().release
    place: Json = {
        "subscription_id": QA.workspace.subscription_id.upper(),
        "resource_group": QA.workspace.resource_group,
        "name": QA.workspace.name,
    }
    target = target_of(release, CONFIGURATION | {"workspace": place, "model_name": None})
    assert not target.copies
    assert target.model_name == release.model.name
