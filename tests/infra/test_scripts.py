"""The scripts under infra/ say what they do, call az as it is called, and show no key."""

import os
import subprocess
from pathlib import Path

import pytest

from dev.tools.bicep import INFRA
from tests.infra.evaluated import shape

AZ = """#!/bin/sh
# stands in for the Azure CLI: writes down how it is called, and is a vault with one secret
printf '%s\\n' "$*" >> "$PLACE/calls"
case "$*" in
*"secret show"*) cat "$PLACE/secret" ;;
*"secret set"*)
    while [ "$1" != --file ]; do shift; done
    cp "$2" "$PLACE/secret" ;;
*"deployment group create"*) exit "${STATUS:-0}" ;;
esac
"""
OLD = ["a" * 64, "b" * 64, "c" * 64]


class Place:
    """A folder with an az of its own, and what it was called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "az").write_text(AZ)
        (folder / "az").chmod(0o755)

    def run(self, script: str, *arguments: str, **settings: str) -> tuple[int, str]:
        path = f"{self.folder}:{os.environ['PATH']}"
        done = subprocess.run(  # noqa: S603 (a script of ours)
            [str(INFRA / script), *arguments],
            env={"PATH": path, "PLACE": str(self.folder), **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def calls(self) -> str:
        file = self.folder / "calls"
        return file.read_text() if file.exists() else ""

    @property
    def keys(self) -> list[str]:
        return (self.folder / "secret").read_text().split(",")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "secret").write_text(",".join(OLD))
    return Place(tmp_path)


@pytest.fixture
def told() -> dict[str, str]:
    """What azd tells a hook: the outputs of the deployment."""
    outputs: dict[str, str] = shape("default")["outputs"]
    return outputs


@pytest.mark.parametrize(("arguments", "kept"), [((), 2), (("0",), 0), (("1",), 1), (("9",), 3)])
def test_a_new_key_comes_first_and_older_ones_stay(
    place: Place, arguments: tuple[str, ...], kept: int
) -> None:
    status, words = place.run("rotate-link-keys", "kv-token", *arguments)
    assert status == 0, words
    assert place.keys[1:] == OLD[:kept]
    assert len(place.keys[0]) == 64
    assert int(place.keys[0], 16)
    assert place.keys[0] not in OLD
    assert not any(key in words + place.calls for key in [*place.keys, *OLD])


def test_without_a_vault_it_says_how_it_is_used(place: Place) -> None:
    status, words = place.run("rotate-link-keys")
    assert status != 0
    assert "usage: infra/rotate-link-keys VAULT" in words
    assert place.calls == ""


def test_an_empty_vault_and_a_number_that_is_none_change_nothing(place: Place) -> None:
    assert place.run("rotate-link-keys", "kv-token", "many")[0] != 0
    (place.folder / "secret").write_text("")
    status, words = place.run("rotate-link-keys", "kv-token")
    assert status != 0
    assert "azd provision first" in words
    assert "secret set" not in place.calls


def test_subscribing_deploys_the_subscription_where_the_workspace_is(
    place: Place, told: dict[str, str]
) -> None:
    status, words = place.run("hooks/subscribe.sh", **told)
    assert status == 0, words
    called = place.calls
    assert f"--subscription {told['MODELGATE_QA_SUBSCRIPTION']}" in called
    assert f"--resource-group {told['MODELGATE_QA_RESOURCE_GROUP']}" in called
    parameters = {"topicName", "appId", "storageId", "deadLetterContainer"}
    assert {word.partition("=")[0] for word in called.split() if "=" in word} == parameters
    source = (INFRA / "subscription.bicep").read_text("utf-8")
    assert all(f"param {name} " in source for name in parameters)


def test_subscribing_before_anything_is_there_says_so(place: Place, told: dict[str, str]) -> None:
    del told["MODELGATE_SYSTEM_TOPIC"]
    status, words = place.run("hooks/subscribe.sh", **told)
    assert status == 1
    assert words.startswith("MODELGATE_SYSTEM_TOPIC is not set: run azd provision first")
    assert place.calls == ""


def test_a_subscription_that_azure_refuses_is_a_failure(place: Place, told: dict[str, str]) -> None:
    assert place.run("hooks/subscribe.sh", **told, STATUS="1")[0] != 0


def test_both_hooks_hand_on_the_same(told: dict[str, str]) -> None:
    texts = [
        (INFRA / "hooks" / name).read_text("utf-8") for name in ("subscribe.sh", "subscribe.ps1")
    ]
    for text in texts:
        assert all(
            name in text for name in told if name.startswith("MODELGATE_") and "EVENTS" not in name
        )
