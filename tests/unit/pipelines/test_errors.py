"""Every kind of mistake in a pipeline file is told with file, line and field; all at once."""

import json
from pathlib import Path

import pytest

from shared.pipelines import InvalidPipelinesError, load_pipelines

GOOD = """\
name: diabetes
source: {subscription: s, resource_group: rg, name: wk-qa}
model: diabetes
stages:
  - name: qa
    endpoint: api-qa
    compute:
      type: managed
      instance_count: 1
    request:
      timeout: 5s
    environment:
      image: mcr.example/image
      conda_file: scoring/conda.yaml
    code:
      folder: scoring
    health:
      timeout: 30m
      sample_request: sample.json
      expect:
        json: {result: [number]}
"""


def write(folder: Path, text: str, name: str = "one.yaml") -> None:
    (folder / "scoring").mkdir(exist_ok=True)
    (folder / "scoring/score.py").write_text("")
    (folder / "scoring/conda.yaml").write_text("")
    (folder / "sample.json").write_text("[[1]]")
    (folder / "broken.json").write_text("[[1]")
    (folder / name).write_text(text)


def problems(folder: Path, settings: dict[str, str] | None = None) -> list[str]:
    """What is told, without the folder's path."""
    with pytest.raises(InvalidPipelinesError) as error:
        load_pipelines(folder, settings or {})
    return str(error.value).replace(f"{folder}/", "").splitlines()


def test_the_good_one_is_good(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (pipeline,) = load_pipelines(tmp_path, {}).values()
    (stage,) = pipeline.stages
    assert stage.health.timeout_seconds == 1800
    assert stage.health.sample_request == [[1]]
    assert stage.code is not None
    assert (stage.code.folder / stage.code.script).is_file()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("endpoint: api-qa", "endpoint: api-qa\n    colour: red", "7: stages[0].colour: Extra"),
        ("model: diabetes\n", "", "1: model is missing"),
        ("name: diabetes\n", "name: Diabetes\n", "1: name: String should match"),
        ("endpoint: api-qa", "endpoint: Api_QA", "6: stages[0].endpoint: String should match"),
        ("timeout: 30m", "timeout: 30", "18: stages[0].health.timeout: write a duration"),
        ("timeout: 30m", "timeout: 30 m", "18: stages[0].health.timeout: write a duration"),
        ("timeout: 30m", "timeout: 2d", "18: stages[0].health.timeout: Input should be less"),
        ("instance_count: 1", "instance_count: 0", "9: stages[0].compute.instance_count: Input"),
        ("type: managed", "type: kubernetes", "7: stages[0].compute: target is missing"),
        ("type: managed", "type: serverless", "7: stages[0].compute: Input tag 'serverless'"),
        ("timeout: 5s", "timeout: 181s", "11: stages[0].request.timeout: managed endpoints take"),
        (
            "endpoint: api-qa",
            "endpoint: ${ENDPOINT}",
            "6: stages[0].endpoint: there is no setting ENDPOINT for ${ENDPOINT}",
        ),
        ("model: diabetes", "model: a\nmodel: b", "4: model: is there twice"),
        (
            "folder: scoring",
            "folder: ../scoring",
            "16: stages[0].code.folder: ../scoring lies outside",
        ),
        ("folder: scoring", "folder: code", "16: stages[0].code.folder: there is no"),
        (
            "folder: scoring",
            "folder: scoring\n      script: main.py",
            "17: stages[0].code.script: scoring has no main.py",
        ),
        ("scoring/conda.yaml", "c.yaml", "14: stages[0].environment.conda_file: there is no"),
        (
            "      conda_file: scoring/conda.yaml\n",
            "",
            "12: stages[0].environment: conda_file is missing",
        ),
        (
            "    code:\n      folder: scoring\n",
            "",
            "12: stages[0].environment: code and environment come together",
        ),
        ("sample.json", "none.json", "19: stages[0].health.sample_request: there is no"),
        (
            "sample.json",
            "broken.json",
            "19: stages[0].health.sample_request: broken.json is no JSON",
        ),
        (
            "sample_request: sample.json",
            "sample_request: 7",
            "19: stages[0].health.sample_request: is",
        ),
        (
            "{result: [number]}",
            "{result: [numbers]}",
            "21: stages[0].health.expect.json: 'numbers'",
        ),
        ("{result: [number]}", "[number, string]", "21: stages[0].health.expect.json: a list in"),
        ("[number]", "!x y", "21: stages[0].health.expect.json.result: cannot be read: y"),
        ("model: diabetes", "model: 2026-13-45", "3: model: cannot be read: 2026-13-45"),
        ("stages:", "stages: []\nstage:", "4: stages: List should have at least 1 item"),
        ("name: qa", "name: [qa", "is no YAML"),
        (
            "  - name: qa",
            "  - qa\n  - name: qa",
            "5: stages[0]: Input should be a valid dictionary",
        ),
    ],
)
def test_a_mistake_is_told_with_line_and_field(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert GOOD.count(old) >= 1
    write(tmp_path, GOOD.replace(old, new, 1))
    found = problems(tmp_path)
    place = "one.yaml:" + told if told[0].isdigit() else told
    assert [line for line in found if place in line], found
    assert len(found) <= 2, found


@pytest.mark.parametrize(
    ("reference", "good"),
    [
        ("azureml:sklearn:12", True),
        ("azureml://registries/azureml/environments/sklearn-1.5/versions/20", True),
        ("azureml:sklearn", False),
        ("azureml:sklearn:latest", False),
        ("azureml:sklearn:Latest", False),
        ("azureml:sklearn:1@latest", False),
        ("azureml:sklearn:latest-1", True),
        ("azureml://registries/azureml/environments/sklearn-1.5/versions/latest", False),
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", False),
        ("azureml:sklearn@latest", False),
        ("azureml://registries/azureml/environments/sklearn-1.5", False),
    ],
)
def test_an_environment_names_its_version(tmp_path: Path, reference: str, good: bool) -> None:
    parts = "\n      image: mcr.example/image\n      conda_file: scoring/conda.yaml"
    write(tmp_path, GOOD.replace(f"environment:{parts}", f'environment: "{reference}"'))
    if good:
        assert load_pipelines(tmp_path, {})
    else:
        assert problems(tmp_path) == [
            "one.yaml:12: stages[0].environment: name a version, as in azureml:name:version"
        ]


APPROVAL = "approval: {approvers: [ada@example.com]}"
SOURCE_IN_CAPITALS = "workspace: {subscription: S, resource_group: RG, name: WK-QA}"


def test_the_source_is_the_source_in_any_spelling(tmp_path: Path) -> None:
    """ARM ignores case."""
    write(tmp_path, GOOD.replace("name: qa", f"name: qa\n    {SOURCE_IN_CAPITALS}"))
    (pipeline,) = load_pipelines(tmp_path, {}).values()
    assert pipeline.stages[0].workspace == pipeline.source
    renamed = f"name: qa\n    {SOURCE_IN_CAPITALS}\n    model_name: other"
    write(tmp_path, GOOD.replace("name: qa", renamed))
    (problem,) = problems(tmp_path)
    assert problem.startswith("one.yaml:7: stages[0].model_name: a stage in the source workspace")


@pytest.mark.parametrize("workspace", ["", SOURCE_IN_CAPITALS, SOURCE_IN_CAPITALS.lower()])
def test_nobody_approves_in_the_source_workspace(tmp_path: Path, workspace: str) -> None:
    """Left out, spelled out, or in other capitals: the way out is a workspace of its own."""
    approved = f"name: qa\n    {workspace}\n    {APPROVAL}"
    write(tmp_path, GOOD.replace("name: qa", approved))
    (problem,) = problems(tmp_path)
    assert problem.startswith(
        "one.yaml:7: stages[0].approval: nobody can approve what serves in the source workspace: "
        "whoever may register models there"
    )
    assert "Give the stage a workspace of its own" in problem
    own = SOURCE_IN_CAPITALS.replace("WK-QA", "WK-PROD")
    write(tmp_path, GOOD.replace("name: qa", f"name: qa\n    {own}\n    {APPROVAL}"))
    assert load_pipelines(tmp_path, {})


@pytest.mark.parametrize("model", ["diabetes-*", "diabetes-?", "diabetes-[ab]"])
def test_several_models_cannot_get_one_name(tmp_path: Path, model: str) -> None:
    text = GOOD.replace("model: diabetes", f'model: "{model}"')
    write(tmp_path, text)
    assert load_pipelines(tmp_path, {})
    other = "workspace: {subscription: s, resource_group: rg, name: wk-prod}"
    renamed = f"name: qa\n    {other}\n    model_name: other"
    write(tmp_path, text.replace("name: qa", renamed))
    (problem,) = problems(tmp_path)
    assert problem.startswith(f"one.yaml:7: stages[0].model_name: {model} takes several models")


@pytest.mark.parametrize("inline", [True, False])
def test_a_long_sample_is_told(tmp_path: Path, inline: bool) -> None:
    write(tmp_path, GOOD)
    for length, good in ((64 * 1024 - 4, True), (64 * 1024 - 3, False)):
        sample = json.dumps(["x" * length])
        if inline:
            write(tmp_path, GOOD.replace("sample.json", sample))
        else:
            (tmp_path / "sample.json").write_text(sample)
        if good:
            assert load_pipelines(tmp_path, {})
        else:
            (problem,) = problems(tmp_path)
            assert problem.startswith("one.yaml:19: stages[0].health.sample_request: the sample")
            assert "64 KiB" in problem


def test_an_endpoint_in_two_stages_or_pipelines_is_told(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("  - name: qa") :].replace("name: qa", "name: again")
    write(tmp_path, GOOD + second)
    write(tmp_path, GOOD.replace("name: diabetes", "name: other"), "two.yaml")
    assert problems(tmp_path) == [
        "one.yaml:23: stages[1].endpoint: stage qa deploys to api-qa in wk-qa already",
        "two.yaml:6: stages[0].endpoint: pipeline diabetes deploys to api-qa in wk-qa already",
    ]


def test_two_stages_or_files_of_one_name_are_told(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("  - name: qa") :].replace("api-qa", "api-two")
    write(tmp_path, GOOD + second)
    write(tmp_path, GOOD.replace("api-qa", "api-three"), "two.yml")
    assert problems(tmp_path) == [
        "one.yaml:22: stages[1].name: another stage is called qa",
        "two.yml:1: name: another file has this name",
    ]


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    bad_stage = GOOD[GOOD.index("  - name: qa") :].replace("api-qa", "Bad").replace("30m", "soon")
    write(tmp_path, GOOD.replace("sample.json", "none.json").replace("5s", "${MAX}") + bad_stage)
    write(tmp_path, GOOD.replace("model: diabetes", "modell: x"), "two.yaml")
    write(tmp_path, "- not: a pipeline", "three.yaml")
    write(tmp_path, "", "four.yaml")
    found = problems(tmp_path)
    for told in (
        "one.yaml:11: stages[0].request.timeout: there is no setting MAX",
        "one.yaml:23: stages[1].endpoint",
        "one.yaml:35: stages[1].health.timeout",
        "two.yaml:1: model is missing",
        "two.yaml:3: modell: Extra",
        "three.yaml:1: Input should be",
        "four.yaml:1: is empty",
    ):
        assert [line for line in found if line.startswith(told)], (told, found)


def test_another_stages_file_is_told_beside_a_wrong_field(tmp_path: Path) -> None:
    bad_stage = GOOD[GOOD.index("  - name: qa") :].replace("api-qa", "Bad").replace(": qa", ": b")
    write(tmp_path, GOOD.replace("sample.json", "none.json") + bad_stage)
    found = problems(tmp_path)
    assert [line.split(": ")[1] for line in found] == [
        "stages[1].endpoint",
        "stages[0].health.sample_request",
    ]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidPipelinesError, match="holds no pipeline"):
        load_pipelines(tmp_path, {})


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_bytes(b"\xff\xfe\x00bad")
    assert problems(tmp_path)[0].startswith("one.yaml:1: cannot be read")
