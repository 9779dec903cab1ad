"""Azurite and the emulator as processes: they answer, and nothing is left of them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import requests
from azure.storage.blob import BlobServiceClient

from dev.emulators.azureml import Settings
from dev.storage import Azurite
from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running

ROOT = Path(__file__).parents[3]


def test_storage_is_found_again(tmp_path: Path) -> None:
    with Azurite(tmp_path, ("one", "two")) as first:
        service = BlobServiceClient.from_connection_string(first.accounts["one"].connection_string)
        with service:
            service.create_container("models").upload_blob("b", b"content")
    with Azurite(tmp_path, ("one", "two")) as second:
        service = BlobServiceClient.from_connection_string(second.accounts["one"].connection_string)
        with service:
            assert service.get_blob_client("models", "b").download_blob().readall() == b"content"


def test_storage_ends_with_a_killed_owner(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time\n"
        "from dev.storage import Azurite\n"
        "storage = Azurite(pathlib.Path(sys.argv[1]), ('one',)).start()\n"
        "print(storage._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    owner = subprocess.Popen(  # noqa: S603 (ourselves)
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout
        azurite = psutil.Process(int(owner.stdout.readline()))
        assert azurite.is_running()
        owner.kill()
    _, alive = psutil.wait_procs([azurite], timeout=10)
    assert alive == []


def test_storage_that_went_away(settings: Settings, tmp_path: Path) -> None:
    """The service answers as it was recorded to when something behind it broke."""
    storage = Azurite(tmp_path / "storage", ("one",)).start()
    account = storage.accounts["one"]
    spec = replace(
        settings.workspaces[0],
        storage_account=account.name,
        storage_key=account.key,
        blob_endpoint=account.blob_endpoint,
    )
    with Running(replace(settings, workspaces=(spec,))) as running:
        storage.stop()
        arm = Arm(running.url, spec)
        upload = {"pendingUploadType": "TemporaryBlobReference"}
        answer = arm.call("POST", "codes/c/versions/1/startPendingUpload", upload)
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "ServiceError"
        assert answer.headers["x-ms-failure-cause"] == "service"


def test_emulator_alone(settings: Settings, tmp_path: Path) -> None:
    config = tmp_path / "settings.json"
    config.write_text(json.dumps(asdict(settings), default=str))
    command = [sys.executable, "-m", "dev.emulators.azureml", "--config", str(config)]
    process = subprocess.Popen(  # noqa: S603 (ourselves)
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | NO_BUFFER
    )
    with process:
        assert process.stdout
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address, line
        workspace = settings.workspaces[0]
        answer = requests.get(
            address[0] + workspace.arm_id,
            params={"api-version": "2024-10-01-preview"},
            headers={"Authorization": "Bearer x"},
            timeout=10,
        )
        assert answer.json()["name"] == workspace.name
        children = psutil.Process(process.pid).children(recursive=True)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(10)
        assert time.monotonic() - began < 5
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


NO_BUFFER = {"PYTHONUNBUFFERED": "1"}
