import jinja2
import pytest

from shared.domain.pipeline import Json
from shared.web.facts import target_of
from shared.web.render import TEMPLATES, environment, render
from tests.unit.web.support import (
    CONFIGURATION,
    QA,
    waiting,
)


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("pages/message.html", style="", title="No text")


def test_every_template_compiles() -> None:
    names = [
        path.relative_to(TEMPLATES).as_posix()
        for path in TEMPLATES.rglob("*")
        if path.suffix in (".html", ".txt")
    ]
    assert len(names) >= 24
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
