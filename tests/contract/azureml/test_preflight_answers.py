"""Answers of ARM and of storage that the emulators do not give, and what is made of them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import web

from shared.adapters.azureml import Workspaces
from shared.adapters.azureml.arm import Arm
from shared.adapters.azureml.permissions import look_at_permissions
from shared.adapters.azureml.quota import look_at_quota
from shared.adapters.egress.credentials import azure_credential
from shared.domain.errors import StepError
from shared.domain.evidence import Check
from shared.domain.pipeline import ManagedCompute
from tests.contract.azureml.stand_in import STAGE
from tests.contract.azureml.world import failure_of
from tests.contract.serving import serving

HERE = STAGE.workspace
DS3 = {"name": "STANDARD_DS3_V2", "family": "standardDSv2Family", "vCPUs": 4}
TOTAL = "totalDedicatedCores"
FAMILY = "vmFamily/dedicatedCores"


@contextmanager
def arm(answers: Mapping[str, object]) -> Iterator[tuple[Arm, list[str]]]:
    """An ARM that answers by the end of the path; and what it was asked, with its query."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        found = next(body for end, body in answers.items() if request.path_qs.endswith(end))
        text = found if isinstance(found, str) else json.dumps(found)
        return web.Response(text=text.replace("{here}", f"http://{request.host}"))

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    with serving(app) as address:
        credential = azure_credential(static_token="secret-token")
        yield Arm(Workspaces(arm_url=address, credential=credential)), asked


def usage(
    kind: str, name: str, current: int | None, limit: int, scope: str = "/subscriptions/s"
) -> dict[str, Any]:
    return {
        "id": f"{scope}/usages/{name.replace(' ', '_')}",
        "type": f"Microsoft.MachineLearningServices/{kind}/usages",
        "currentValue": current,
        "limit": limit,
        "name": {"value": name, "localizedValue": name},
    }


def quota(rows: list[dict[str, Any]], sizes: list[dict[str, Any]] | None = None) -> Check:
    """What is said of one Standard_DS3_v2, which needs 8 vCPUs."""
    answers = {
        "/vmSizes?api-version=2023-04-01": {"value": [DS3] if sizes is None else sizes},
        "/usages?api-version=2023-04-01": {"value": rows[:1], "nextLink": "{here}/rest"},
        "/rest": {"value": rows[1:]},
    }
    with arm(answers) as (there, _):
        return look_at_quota(there, HERE, ManagedCompute("Standard_DS3_v2", 1), "westeurope")


@pytest.mark.parametrize(
    ("rows", "passed", "words"),
    [
        # a family without a limit of its own has the one of all families
        (
            [
                usage(FAMILY, "standardDSv2Family", 0, -1),
                usage(TOTAL, "TotalDedicatedCores", 3, 10),
            ],
            False,
            "and 7 of 10 are free (TotalDedicatedCores)",
        ),
        # one of low priority has the same name
        (
            [
                usage("vmFamily/lowPriorityCores", "standardDSv2Family", 0, 0),
                usage(FAMILY, "standardDSv2Family", 4, 12),
                usage(TOTAL, "TotalDedicatedCores", 4, 20),
            ],
            True,
            "; 8 are free (standardDSv2Family).",
        ),
        # as the published examples spell it
        (
            [
                usage("dedicatedCores", "Total Cluster Dedicated Regional vCPUs", 14, 24),
                usage("vmFamily", "Standard DSv2 Family Cluster Dedicated vCPUs", 2, 6),
                usage("vmFamily", "Standard DSv2 Family Cluster LowPriority vCPUs", 0, -1),
            ],
            False,
            "and 4 of 6 are free (Standard DSv2 Family Cluster Dedicated vCPUs)",
        ),
        # a limit of the workspace; another workspace's, and a cluster's, are none of ours
        (
            [
                usage(FAMILY, "standardDSv2Family", 0, 100),
                usage("workspaces", "standardDSv2Family", 5, 12, HERE.arm_id.upper()),
                usage("workspaces", "standardDSv2Family", 9, 9, f"{HERE.arm_id}2"),
                usage("computes", "standardDSv2Family", 9, 9, f"{HERE.arm_id}/computes/c"),
            ],
            False,
            "and 7 of 12 are free",
        ),
        # more is in use than is allowed since
        ([usage(FAMILY, "standardDSv2Family", 30, 20)], False, "and 0 of 20 are free"),
        # recorded by users: a free subscription has no current value
        (
            [usage(FAMILY, "standardDSv2Family", None, 6)],
            None,
            "Azure does not tell how many are free of standardDSv2Family.",
        ),
        # another family's row says nothing of this one's
        (
            [
                usage(FAMILY, "standardDv2Family", 0, 0),
                usage(TOTAL, "TotalDedicatedCores", 0, 100),
            ],
            None,
            "Azure does not tell how many are free of standardDSv2Family.",
        ),
        ([], None, "Azure does not tell how many are free of standardDSv2Family."),
    ],
)
def test_limits(rows: list[dict[str, Any]], passed: bool | None, words: str) -> None:
    check = quota(rows)
    assert check.passed is passed
    assert words in check.words


@pytest.mark.parametrize("sizes", [[], [{**DS3, "vCPUs": None}], [{"name": None}]])
def test_sizes_that_say_nothing(sizes: list[dict[str, Any]]) -> None:
    check = quota([usage(FAMILY, "standardDSv2Family", 0, 100)], sizes)
    assert check.passed is None
    assert "does not list Standard_DS3_v2" in check.words


def test_roles_on_two_pages() -> None:
    first = {
        "value": [{"actions": ["*/read"], "notActions": []}],
        "nextLink": "{here}/next?api-version=2022-04-01&$skiptoken=a%2Fb",
    }
    answers = {
        "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01": first,
        "skiptoken=a%2Fb": {"value": [{"actions": ["*/write"]}], "nextLink": None},
    }
    with arm(answers) as (there, asked):
        check = look_at_permissions(there, STAGE, ["models/versions/write", "read"])
    assert check.passed
    assert len(asked) == 2


def test_a_list_that_goes_on_elsewhere() -> None:
    """The token goes to ARM alone."""
    answers = {"permissions?api-version=2022-04-01": {"nextLink": "https://example.com/next"}}
    with arm(answers) as (there, _), pytest.raises(StepError) as caught:
        look_at_permissions(there, STAGE, ["read"])
    failure = failure_of(caught.value)
    assert (failure.code, failure.retryable) == ("UnknownAddress", False)


@pytest.mark.parametrize("text", ["", "<html>", "[]", "null"])
def test_an_answer_that_is_none(text: str) -> None:
    with arm({"": text}) as (there, _), pytest.raises(StepError) as caught:
        there.get("/x", what="Workspace w", workspace=HERE)
    failure = failure_of(caught.value)
    assert (failure.code, failure.retryable) == ("UnreadableAnswer", True)
