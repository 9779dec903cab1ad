"""The directions of imports hold, and each rule catches what it is there for."""

import os
import subprocess
import sys

import pytest

from tests.samples import filled_sample
from tests.structure.directions import (
    find_impurities,
    find_settings_reads,
    find_wrong_imports,
    part_of,
)
from tests.structure.source import ROOT, Module, read_modules

DEPLOYED = ("function_app.py", "shared")
MODULES = [
    module for path in (*DEPLOYED, "dev") if (ROOT / path).exists() for module in read_modules(path)
]


def test_modules_are_found() -> None:
    names = {module.name for module in MODULES}
    assert {"shared.ports", "shared.domain", "shared.domain.release", "dev.emulators"} <= names
    assert not any(".venv" in name or "node_modules" in name for name in names)


def test_imports_follow_the_directions() -> None:
    assert [line for module in MODULES for line in find_wrong_imports(module)] == []


def test_orchestrators_are_deterministic() -> None:
    assert [line for module in MODULES for line in find_impurities(module)] == []


def test_only_configuration_reads_the_environment() -> None:
    assert [line for module in MODULES for line in find_settings_reads(module)] == []


@pytest.mark.skipif(not (ROOT / "function_app.py").exists(), reason="there is no function_app.py")
def test_the_app_loads_without_the_machine_learning_sdk() -> None:
    program = "import sys, function_app; print('azure.ai.ml' in sys.modules)"
    answer = subprocess.run(  # noqa: S603 (our own interpreter and program)
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | filled_sample(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.stdout.strip(), answer.returncode) == ("False", 0), answer.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shared.domain.release", "import yaml"),
        ("shared.domain.release", "from shared.ports import Services"),
        ("shared.domain.release", "from .. import ports"),
        ("shared.ports", "from shared.workflow import contract"),
        ("shared.ports", "import azure.core"),
        ("shared.workflow.intake", "from shared.adapters import store"),
        ("shared.workflow.intake", "from azure.storage.blob import BlobClient"),
        ("shared.workflow.intake", "def f():\n    import shared.config"),
        ("shared.workflow.orchestrators", "from shared.ports import Services"),
        ("shared.workflow.orchestrators.stage", "from shared.workflow import activities"),
        ("shared.workflow.orchestrators", "import azure.data.tables"),
        ("shared.adapters.mail", "from shared.workflow.contract import Activity"),
        ("shared.adapters.mail", "from shared import web"),
        ("shared.web.views", "from shared.adapters.store import TableStore"),
        ("shared.web.views", "from azure import functions"),
        ("shared.pipelines.loading", "from shared.config import Settings"),
        ("shared.config", "import shared.bootstrap"),
        ("shared.config", "if TYPE_CHECKING:\n    from shared.adapters import store"),
        ("shared.bootstrap", "import dev.stack"),
        ("shared.bootstrap", "from tests import loopback"),
        ("shared.bootstrap", "import importlib\nimportlib.import_module('dev.stack')"),
        ("shared.newcomer", "import shared.adapters"),
        ("function_app", "from shared.adapters.store import TableStore"),
        ("function_app", "import azure.ai.ml"),
        ("dev.emulators.azureml.app", "from shared.domain.release import Release"),
        ("dev.emulators.azureml.app", "import function_app"),
        ("dev.host.worker", "import function_app"),
        ("dev.host.worker", "from shared import ports"),
        ("dev.serving.serve", "import dev.storage"),
        ("dev.stack", "from tests.loopback import is_loopback"),
    ],
)
def test_a_wrong_import_is_caught(name: str, text: str) -> None:
    assert len(find_wrong_imports(Module(name, text))) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shared.domain.release", "import hashlib\nfrom .errors import Failure"),
        ("shared.workflow.orchestrators", "from azure.durable_functions import RetryOptions"),
        ("shared.workflow.orchestrators", "from shared.workflow.contract import Activity"),
        ("shared.workflow.intake", "from shared.ports import Services"),
        ("shared.adapters.azureml", "def client():\n    import azure.ai.ml"),
        ("shared.bootstrap", "from shared.adapters import store"),
        ("function_app", "from shared import bootstrap\nimport azure.functions as func"),
        ("dev.stack", "from shared.config import Settings"),
    ],
)
def test_a_right_import_is_let_through(name: str, text: str) -> None:
    assert find_wrong_imports(Module(name, text)) == []


def test_a_relative_import_in_a_package_starts_at_the_package() -> None:
    package = Module("shared.domain", "from .errors import Failure", is_package=True)
    assert [use.name for use in package.imports] == ["shared.domain.errors.Failure"]


def test_a_module_of_no_part_is_named() -> None:
    with pytest.raises(LookupError, match="newcomer"):
        part_of("newcomer")


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "def f():\n    from uuid import uuid4",
        "import random",
        "import os",
        "from pathlib import Path",
        "from datetime import datetime\ndatetime.now(UTC)",
        "import datetime as dt\ndt.datetime.utcnow()",
        "from datetime import date as day\nday.today()",
        "open('state')",
        "hash(name)",
    ],
)
def test_an_impurity_of_an_orchestrator_is_caught(text: str) -> None:
    assert len(find_impurities(Module("shared.workflow.orchestrators", text))) == 1


def test_what_the_orchestration_gives_is_pure() -> None:
    text = "from datetime import timedelta\nnow = context.current_utc_datetime\ncontext.new_uuid()"
    assert find_impurities(Module("shared.workflow.orchestrators", text)) == []
    assert find_impurities(Module("shared.workflow.activities", "import uuid")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.environ['A']",
        "import os\nos.getenv('A')",
        "import os as system\nsystem.environ.get('A')",
        "from os import environ",
    ],
)
def test_reading_the_environment_is_caught(text: str) -> None:
    assert len(find_settings_reads(Module("shared.web.views", text))) == 1
    assert find_settings_reads(Module("shared.config", text)) == []
    assert find_settings_reads(Module("dev.stack", text)) == []
