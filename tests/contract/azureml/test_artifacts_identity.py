"""Copying with an identity instead of keys: bearer tokens and user-delegation signatures.

Azurite takes tokens by HTTPS alone and believes what they say, so it gets a certificate and a
token of the test's own.
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dev.storage import _END_WITH_OWNER, _SCRIPT, account_key
from shared.adapters.artifacts import Artifacts
from shared.adapters.egress.credentials import StaticToken
from shared.domain.artefacts import file_set
from shared.domain.pipeline import Workspace
from shared.ports import Container, OperationState, Place

BLOB_SCRIPT = _SCRIPT.with_name("azurite-blob")
ACCOUNTS = ("idsource", "idtarget")


def write_certificate(folder: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))


def token() -> str:
    """What Entra ID would issue for storage, unsigned."""
    now = int(time.time())
    claims = {
        "aud": "https://storage.azure.com",
        "iss": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
        "tid": "11111111-2222-3333-4444-555555555555",
        "oid": "66666666-7777-8888-9999-000000000000",
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + 3600,
    }
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    encoded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "signature"])


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An Azurite that takes tokens; its certificate is trusted by both sides."""
    node = shutil.which("node")
    assert node, "Node.js 20 or later is needed"
    write_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    keys = ";".join(f"{name}:{account_key(name)}" for name in ACCOUNTS)
    command = [
        *(node, "--import", _END_WITH_OWNER, str(BLOB_SCRIPT.resolve())),
        *("--oauth", "basic", "--cert", "cert.pem", "--key", "key.pem", "--inMemoryPersistence"),
        *("--silent", "--skipApiVersionCheck", "--disableTelemetry"),
        *("--blobHost", "127.0.0.1", "--blobPort", str(port)),
    ]
    trust = {"AZURITE_ACCOUNTS": keys, "NODE_EXTRA_CA_CERTS": str(tmp_path / "cert.pem")}
    with subprocess.Popen(  # noqa: S603 (a fixed command)
        command,
        cwd=tmp_path,
        env=os.environ | trust,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        wait_for(port)
        yield f"https://127.0.0.1:{port}"
        process.terminate()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("Azurite did not start")


def test_copy_by_identity(address: str) -> None:
    services = {
        name: BlobServiceClient(
            f"{address}/{name}",
            credential={"account_name": name, "account_key": account_key(name)},
        )
        for name in ACCOUNTS
    }
    for service in services.values():
        service.create_container("models")
    for name in ("MLmodel", "data/größe 1.bin"):
        services["idsource"].get_container_client("models").upload_blob(f"m/{name}", b"abc")
    source, target = (
        Container(Workspace("s", "g", "w"), "d", f"{address}/{name}", "models") for name in ACCOUNTS
    )

    def no_key(_: Container) -> str:
        raise AssertionError("an identity needs no key")

    artifacts = Artifacts(credential=StaticToken(token()), access="identity", datastore_key=no_key)
    files = list(artifacts.files(container=source, path="m"))
    assert [file.name for file in files] == ["MLmodel", "data/größe 1.bin"]
    places = {"source": Place(source, "m"), "target": Place(target, "t/m")}
    artifacts.begin_copy(files=file_set(files), **places)
    status = artifacts.copying(files=file_set(files), **places)
    assert status.state is OperationState.SUCCEEDED
    url = artifacts._blobs.signed_url(source, "m/MLmodel")
    assert "skoid=66666666" in url  # signed by the identity's own key, not the account's
    for service in services.values():
        service.close()
