"""What is cut out of error texts and logs, and what stays readable."""

import time

import pytest
from azure.core.exceptions import HttpResponseError

from shared.adapters.failures import failure
from shared.adapters.redaction import without_secrets

SECRETS = [
    "api_key=s3cr3t",
    "API_KEY = s3cr3t",
    "x-api-key: s3cr3t",
    "SharedAccessKeyName=Root;SharedAccessKey=s3cr3t=;EntityPath=x",
    "AccountName=dev;AccountKey=s3cr3t==;EndpointSuffix=core.windows.net",
    "client_secret=s3cr3t&grant_type=client_credentials",
    "access_token=s3cr3t",
    "AZURE_CLIENT_SECRET=s3cr3t",
    "password: s3cr3t",
    "PGPASSWORD='s3cr3t with blanks'",
    "pwd=s3cr3t,still-s3cr3t",
    '"accountKey": "s3cr3t"',
    '{"token":"s3cr3t\\"s3cr3t","left":1}',
    '"{\\"accountKey\\": \\"s3cr3t s3cr3t\\"}"',
    "{'api_key': b's3cr3t'}",
    "{'credential': 's3cr3t",
    "connection_string='Endpoint=x;Key=s3cr3t'",
    "https://user:s3cr3t@dev.azure.com/x",
    "postgres://user:s3cr3t@db:5432/x",
    "https://s3cr3t@github.com/x.git",
    "https://a.blob.core.windows.net/c/b?sv=1&sig=s3cr3t%2B",
    "POST /api/approve?code=s3cr3t HTTP/1.1",
    "sv=1&sig=s3cr3t%2B&se=2",
    "sig%3Ds3cr3t",
    "Authorization: Bearer s3cr3t-and.more",
    "Authorization: Basic s3cr3t==",
    "took bearer s3cr3t0123456",
    "the token eyJs3cr3t.eyJs3cr3t.s3cr3t is old",
    "-----BEGIN RSA PRIVATE KEY-----\ns3cr3t\ns3cr3t\n-----END RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_cut(text: str) -> None:
    shown = without_secrets(f"before {text} after")
    assert "s3cr3t" not in shown
    assert "…" in shown or "https://" in shown
    assert shown.startswith("before ")
    assert without_secrets(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "KeyError: 'AGE'",
        "ValueError: max_tokens=5 and sort_keys=True",
        "SharedAccessKeyName=Root",
        'File "/var/score.py", line 12, in init',
        "exit code=137: out of memory",
        "the key is missing, the token expired",
        "see https://aka.ms/oe-tsg#error-outofquota or mail ada@example.com",
        "Bearer tokens are needed",
        "ModuleNotFoundError: No module named 'sklearn'",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert without_secrets(text) == text


def test_what_is_around_a_secret_stays() -> None:
    assert (
        without_secrets("GET https://u:p@host/c/b?sig=x failed; AccountKey=x==;Suffix=y")
        == "GET https://…@host/c/b failed; AccountKey=…;Suffix=y"
    )
    assert without_secrets('{"accountKey": "x", "n": 1}') == '{"accountKey": "…", "n": 1}'


@pytest.mark.parametrize("piece", ["a", "key", "://", "key='", "eyJ", "https://x", "\\", "key:"])
def test_a_long_log_takes_no_time(piece: str) -> None:
    started = time.process_time()
    without_secrets(piece * 20_000)
    assert time.process_time() - started < 2


def test_what_azures_clients_say_is_told_without_secrets() -> None:
    error = HttpResponseError("no use: client_secret=s3cr3t")
    error.status_code = 400
    told = failure(error, "Table x")
    assert "s3cr3t" not in told.message
    assert "client_secret=…" in told.message
