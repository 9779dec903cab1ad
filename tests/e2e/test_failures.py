"""Releases that cannot go well, and one that goes well all the same: all of them side by side."""

from collections.abc import Callable

import pytest
from azure.ai.ml.entities import ManagedOnlineEndpoint

from tests.e2e.stacks import Release, Stack, types

BUILD_ERROR = "Image build failed. The package scikit-lern does not exist."
QUOTA_ERROR = "Not enough cores for Standard_DS3_v2 in westeurope."

WEATHER = (
    ("GET", "models/weather/versions", 503),
    ("PUT", "onlineEndpoints/weather-qa$", 504),
    ("GET", "onlineEndpoints/weather-qa$", 429),
    ("PUT", "onlineEndpoints/weather-qa/deployments", 429),
)
"""What Azure answers that release twice each."""

SCENARIOS = (
    "wrong-sample",
    "name-taken",
    "weather",
    "build-fails",
    "no-quota",
    "overwritten",
    "worse",
)

type Ended = Callable[[str], Release]


@pytest.fixture(scope="module")
def ids(stack: Stack) -> dict[str, str]:
    """The releases' ids by scenario, all of them begun."""
    break_azure(stack)
    taken = ManagedOnlineEndpoint(name="name-taken-prod", auth_mode="key")
    stack.studio.client("qa").online_endpoints.begin_create_or_update(taken).result()
    stack.tell("never-there", 7)
    stack.studio.register({}, name="no-files")
    stack.studio.register({"other.json": b"{}"}, name="no-start")
    for scenario in SCENARIOS:
        stack.register(scenario)
    ids = {scenario: stack.started(scenario) for scenario in ("no-files", "no-start", *SCENARIOS)}
    return {**ids, "never-there": stack.started("never-there", "7")}


def break_azure(stack: Stack) -> None:
    """Let some deployments fail, and let Azure answer another release badly for a while."""
    for endpoint, code, message in (
        ("build-fails-qa", "ImageBuildFailure", BUILD_ERROR),
        ("no-quota-qa", "OutOfQuota", QUOTA_ERROR),
    ):
        fault = {"endpoint": endpoint, "code": code, "message": message}
        stack.control("azureml", "faults", {"deployment_fails": fault})
    for method, path, status in WEATHER:
        passing = {"method": method, "path": path, "status": status, "times": 2}
        stack.control("azureml", "faults", {**passing, "headers": {"Retry-After": "1"}})


@pytest.fixture(scope="module")
def ended(stack: Stack, ids: dict[str, str]) -> Ended:
    """The release of a scenario, once it has ended."""
    return lambda scenario: stack.ended(ids[scenario])


def test_a_model_without_files_is_told_so(ended: Ended) -> None:
    release = ended("no-files")
    assert release["outcome"] == "Failed"
    assert "has no files" in release["reason"]


def test_a_version_that_does_not_exist_any_more_is_told_so(ended: Ended) -> None:
    release = ended("never-there")
    assert release["outcome"] == "Failed"
    assert "has no never-there version 7" in release["reason"]


def test_a_model_that_does_not_start_ends_with_its_log_in_the_trail(
    stack: Stack, ended: Ended
) -> None:
    release = ended("no-start")
    assert release["outcome"] == "Failed"
    notice = next(event for event in stack.events(release["id"]) if event["type"] == "Notice")
    assert "StopIteration" in notice["details"]["log"]
    assert stack.traffic("qa", "no-start-qa") == {}


def test_a_wrong_sample_request_ends_it_with_the_answer(stack: Stack, ended: Ended) -> None:
    release = ended("wrong-sample")
    assert release["outcome"] == "Failed"
    assert "answered with an error" in release["reason"]
    (problem,) = release["stages"][0]["probe"]["problems"]
    assert problem.startswith("answered with an error: ")
    assert stack.traffic("qa", "wrong-sample-qa") == {}


def test_a_worse_version_leaves_the_endpoint_as_it_was(stack: Stack, ids: dict[str, str]) -> None:
    serving = stack.succeeded(ids["worse"])["stages"][0]["deployment"]
    stack.studio.register({"factor.json": b'{"factor": null}'}, name="worse", version="2")
    release = stack.ended(stack.started("worse", "2"))
    assert release["outcome"] == "Failed"
    assert stack.traffic("qa", "worse-qa") == {serving: 100}
    assert stack.answer("qa", "worse-qa") == [2.0, 4.0]
    stack.gone("qa", "worse-qa", release["stages"][0]["deployment"])


def test_a_failed_build_ends_it_in_azures_words_and_takes_the_candidate_away(
    stack: Stack, ended: Ended
) -> None:
    release = ended("build-fails")
    assert release["outcome"] == "Failed"
    assert BUILD_ERROR in release["reason"]
    stack.gone("qa", "build-fails-qa", release["stages"][0]["deployment"])
    assert BUILD_ERROR in stack.owners_mail("build-fails")["text"]


def test_lacking_quota_is_no_fault_of_the_model(stack: Stack, ended: Ended) -> None:
    release = ended("no-quota")
    assert release["outcome"] == "Errored"
    assert QUOTA_ERROR in release["reason"]
    stack.gone("qa", "no-quota-qa", release["stages"][0]["deployment"])


def test_an_endpoint_name_that_is_taken_in_the_region_is_told(ended: Ended) -> None:
    release = ended("name-taken")
    assert release["outcome"] == "Errored"
    assert "name-taken-prod" in release["reason"]


def test_busy_and_slow_answers_of_azure_delay_it_only(stack: Stack, ids: dict[str, str]) -> None:
    release = stack.succeeded(ids["weather"])
    assert stack.answer("qa", "weather-qa") == [2.0, 4.0]
    assert types(stack.events(release["id"])).count("Deployed") == 1
    for method, path, status in WEATHER:
        assert stack.arm_calls(method, path.rstrip("$")).count(status) == 2


def test_files_that_were_written_again_do_not_reach_prod(stack: Stack, ids: dict[str, str]) -> None:
    stack.link("overwritten")
    stack.blobs("qa").upload_blob(
        "models/overwritten/1/factor.json", b'{"factor": 666}', overwrite=True
    )
    stack.decide("overwritten")
    release = stack.ended(ids["overwritten"])
    assert release["outcome"] == "Failed"
    assert "written again" in release["reason"]
    assert "Changed: factor.json." in release["reason"]
    assert not list(stack.studio.client("prod").models.list("overwritten-production"))
    assert not [name for name in stack.blobs("prod").list_blob_names() if "overwritten" in name]
