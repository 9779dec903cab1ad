"""Settings are the same in the code, in the sample and on their page."""

import re

from dev.tools.metrics_table import metrics_table
from dev.tools.settings_table import settings_table
from shared.config import Settings
from tests.samples import sample
from tests.structure.source import ROOT

HOSTS_OWN = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage",
    "FUNCTIONS_WORKER_RUNTIME",
    "MODELGATE_SWEEP_SCHEDULE",  # read by the host, for the timer's binding
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",  # read by the worker, which sets telemetry up
    "PYTHON_ISOLATE_WORKER_DEPENDENCIES",
    "PYTHON_THREADPOOL_THREAD_COUNT",
}


def test_sample_lists_every_setting_and_no_other() -> None:
    read = {field.alias for field in Settings.model_fields.values()}
    pipelines = "".join(file.read_text("utf-8") for file in (ROOT / "pipelines").glob("*.yaml"))
    asked_for = set(re.findall(r"\$\{(\w+)\}", pipelines))
    assert set(sample()) == read | asked_for | HOSTS_OWN


def test_the_page_shows_the_table_that_the_code_prints() -> None:
    assert settings_table() in (ROOT / "docs" / "settings.md").read_text("utf-8")


def test_timer_settings_are_in_the_sample() -> None:
    asked_for = re.findall(r"%(\w+)%", (ROOT / "function_app.py").read_text("utf-8"))
    assert asked_for
    assert set(asked_for) <= set(sample())


def test_operators_read_the_metrics_that_the_code_names() -> None:
    assert metrics_table() in (ROOT / "docs" / "operations.md").read_text("utf-8")
