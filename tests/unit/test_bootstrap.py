"""Putting the service together: what settings and pipelines ask of each other."""

import shutil
from pathlib import Path

import pytest
import yaml

from shared.bootstrap import Application
from shared.config import InvalidSettingsError
from tests.structure.source import ROOT
from tests.unit.adapters.support import SETTINGS


def with_pipelines(folder: Path, *require_sign_in: bool) -> dict[str, str]:
    """Settings with a pipeline for each of these."""
    shipped = yaml.safe_load((ROOT / "pipelines" / "diabetes.yaml").read_text("utf-8"))
    shutil.copytree(ROOT / "pipelines" / "diabetes", folder / "diabetes")
    for number, required in enumerate(require_sign_in):
        qa, prod = shipped["stages"]
        stages = [
            qa | {"endpoint": f"qa-{number}"},
            prod
            | {"endpoint": f"prod-{number}"}
            | {"approval": prod["approval"] | {"require_sign_in": required}},
        ]
        pipeline = shipped | {"name": f"diabetes-{number}", "stages": stages}
        (folder / f"{number}.yaml").write_text(yaml.safe_dump(pipeline), "utf-8")
    return SETTINGS | {"MODELGATE_PIPELINES": str(folder)}


def test_pipelines_that_require_sign_in_need_somebody_who_vouches(tmp_path: Path) -> None:
    settings = with_pipelines(tmp_path, True, False, True)
    with pytest.raises(InvalidSettingsError) as error:
        Application(settings, ROOT)
    assert str(error.value).splitlines() == [
        f"MODELGATE_SIGN_IN: is empty, and stage prod of pipeline diabetes-{number} has "
        "require_sign_in"
        for number in (0, 2)
    ]
    assert Application(settings | {"MODELGATE_SIGN_IN": "app-service"}, ROOT).services.sign_in


def test_signing_in_counts_where_the_setting_says_so_alone(tmp_path: Path) -> None:
    settings = with_pipelines(tmp_path, False)
    assert not Application(settings, ROOT).services.sign_in
    assert Application(settings | {"MODELGATE_SIGN_IN": "app-service"}, ROOT).services.sign_in
