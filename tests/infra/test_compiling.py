"""Every template compiles, lints without a word, and still says what its snapshot says."""

import json
import re
from pathlib import Path

import pytest

from dev.tools.bicep import SHAPES, diagnostics, snapshot
from tests.infra.evaluated import NAMES, bicep_files, shape

DISABLED = re.compile(r"^[ \t]*#disable-next-line ", re.MULTILINE)
DISABLED_FOR_A_REASON = re.compile(r"//[^\n]+\n[ \t]*#disable-next-line ")


@pytest.mark.parametrize("file", bicep_files(), ids=lambda file: file.name)
def test_the_compiler_has_nothing_to_say(bicep: str, file: Path) -> None:
    del bicep
    assert diagnostics(file) == []


@pytest.mark.parametrize("file", bicep_files(), ids=lambda file: file.name)
def test_what_is_disabled_has_its_reason_above(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(DISABLED.findall(text)) == len(DISABLED_FOR_A_REASON.findall(text))


@pytest.mark.parametrize("name", NAMES)
def test_the_snapshot_is_what_would_be_deployed(bicep: str, name: str) -> None:
    del bicep
    today = json.loads(snapshot(SHAPES / f"{name}.bicepparam"))
    assert today == shape(name), "run make snapshots and look at the difference"


def test_a_warning_counts(bicep: str, tmp_path: Path) -> None:
    del bicep
    wrong = tmp_path / "wrong.bicep"
    wrong.write_text(
        "resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {\n"
        "  name: 'stwrong'\n  location: 'westeurope'\n  kind: 'StorageV2'\n"
        "  sku: { name: 'Standard_LRS' }\n  properties: { allowSharedKeys: false }\n}\n"
    )
    (told,) = diagnostics(wrong)
    assert "Warning BCP037" in told
