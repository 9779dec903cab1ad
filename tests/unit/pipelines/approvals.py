"""A pipeline file whose approval has every field, and what is told where one is wrong."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from shared.domain.pipeline import Json
from shared.domain.policy import ApprovalPolicy
from shared.pipelines import InvalidPipelinesError, load_pipelines
from shared.pipelines.source import read

PIPELINE = """\
name: diabetes
source: {subscription: s, resource_group: rg, name: wk}
model: diabetes
stages:
  - name: prod
    workspace: {subscription: s, resource_group: rg, name: wk-prod}
    endpoint: api-prod
    health: {sample_request: {data: [1]}}
    approval:
"""

WHOLE = """\
      approvers:
        - Lead@Example.com
        - Ada Lovelace <Ada@example.com>
        - group: risk
          members: [rita@example.com, '"Roy, Rob" <rob@example.com>']
      required: 2
      order: sequence
      reject: quorum
      timeout: 20d
      reminders: [1d, 7d]
      escalate: {after: 3d, to: [boss@example.com]}
      delegates:
        - {for: lead@example.com, to: Dee <deputy@example.com>, from: 2026-12-20, until: 2027-01-03}
        - {for: rob@example.com, to: deputy@example.com, from: 2026-07-01 08:00, until: 2026-07-02T12:30:00Z}
      requester_may_approve: true
      time_zone: Europe/Berlin
      hours: {days: [fri, mon], from: 9:00, to: 17:00}
      freeze:
        - {from: 2026-12-20, until: 2027-01-02, reason: year end}
        - {from: "2026-06-01T20:00+02:00", until: 2026-06-02}
      require_sign_in: true
      supersede: ask
      probe_every: 10m
      instructions: Look twice.
"""  # noqa: E501 - a flow mapping of YAML

LINES = WHOLE.splitlines()


def line_of(text: str) -> int:
    """Of the field that begins so in the whole file."""
    [place] = [place for place, line in enumerate(LINES) if line.strip(" -").startswith(text)]
    return PIPELINE.count("\n") + place + 1


def write(folder: Path, approval: str) -> None:
    (folder / "one.yaml").write_text(PIPELINE + approval)


def load(folder: Path, approval: str, settings: dict[str, str] | None = None) -> ApprovalPolicy:
    write(folder, approval)
    [stage] = load_pipelines(folder, settings or {})["diabetes"].stages
    assert stage.approval is not None
    return stage.approval


def problems(folder: Path, approval: str) -> list[str]:
    """What is told, from the line on, without the stage that is the same for all."""
    write(folder, approval)
    with pytest.raises(InvalidPipelinesError) as error:
        load_pipelines(folder, {})
    told = str(error.value).replace(f"{folder}/one.yaml:", "").splitlines()
    return [line.replace("stages[0].approval.", "") for line in told]


def without(names: Iterable[str], added: str) -> str:
    """The whole approval without some of its fields, with lines added."""
    kept: list[str] = []
    skipping = False
    for line in LINES:
        field = re.match(r"      (\w+):", line)
        skipping = field[1] in names if field else skipping
        if not skipping:
            kept.append(line)
    return "\n".join([*kept, *(f"      {line}" for line in added.splitlines())]) + "\n"


def as_read(folder: Path) -> Json:
    """A pipeline file as an editor reads it: dates, times and settings are texts."""
    names = re.findall(r"\$\{(\w+)\}", (folder / "one.yaml").read_text())
    document = read(folder / "one.yaml", {name: f"${{{name}}}" for name in names})
    assert document.problems == []
    return document.data
