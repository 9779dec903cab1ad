"""checkov is clean over what would be deployed, but for what infra/checkov.yaml gives a reason."""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from dev.tools.bicep import INFRA, ROOT
from tests.infra.evaluated import DEPLOYMENTS, Resource, resources
from tests.missing import do_without

CHECKOV = ROOT / "dev" / "checkov" / ".venv" / "bin" / "checkov"
SETTINGS = INFRA / "checkov.yaml"
TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
}


def failed(folder: Path, *options: str) -> set[str]:
    """The checks that a folder's templates do not pass."""
    done = subprocess.run(  # noqa: S603 (a fixed command)
        [str(CHECKOV), "-d", str(folder), "-o", "json", "--skip-download", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0, done.stderr
    assert report["summary"]["passed"] > 0, done.stderr
    return {check["check_id"] for check in report["results"]["failed_checks"]}


def write(folder: Path, name: str, found: Sequence[Resource]) -> None:
    (folder / f"{name}.json").write_text(json.dumps({**TEMPLATE, "resources": found}))


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template of every shape, with modules, names and loops resolved."""
    if not CHECKOV.exists():
        do_without("checkov is not here: make test brings it")
    folder = tmp_path_factory.mktemp("templates")
    for name in DEPLOYMENTS:
        write(folder, name, resources(name))
    return folder


def test_every_shape_is_clean(shapes: Path) -> None:
    assert failed(shapes, "--config-file", str(SETTINGS)) == set()


def test_nothing_is_left_out_that_would_pass(shapes: Path) -> None:
    lines = re.findall(r"^  - (\w+) # \S+", SETTINGS.read_text("utf-8"), re.MULTILINE)
    assert failed(shapes, "--framework", "arm") == set(lines)


def test_an_open_account_is_found(shapes: Path, tmp_path: Path) -> None:
    account = dict(resources("default", "Microsoft.Storage/storageAccounts")[0])
    account["properties"] = {**account["properties"], "minimumTlsVersion": "TLS1_0"}
    del shapes
    write(tmp_path, "open", [account])
    assert failed(tmp_path, "--config-file", str(SETTINGS)) == {"CKV_AZURE_44"}
