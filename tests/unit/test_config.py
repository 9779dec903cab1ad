"""Settings: everything missing or unsafe at once, and no secret in anything that is printed."""

import traceback

import pytest

from shared.config import InvalidSettingsError, Settings, read_settings

KEY = "0123456789abcdef" * 4
STORAGE = "AccountName=devqa;AccountKey=c2VjcmV0LXN0b3JhZ2U="
GOOD = {
    "MODELGATE_TABLES": STORAGE,
    "MODELGATE_MAIL": "endpoint=https://mail.example;accesskey=c2VjcmV0LW1haWw=",
    "MODELGATE_MAIL_SENDER": "modelgate@example.com",
    "MODELGATE_LINK_KEYS": KEY,
    "MODELGATE_BASE_URL": "https://modelgate.example/",
    "MODELGATE_EVENTS_KEY": "secret-topic-key",
    "MODELGATE_ARM_TOKEN": "secret-arm-token",
}
SECRETS = ("c2VjcmV0LXN0b3JhZ2U", "c2VjcmV0LW1haWw", KEY, "secret-topic-key", "secret-arm-token")


def problems(**changed: str) -> list[str]:
    with pytest.raises(InvalidSettingsError) as error:
        read_settings(GOOD | changed)
    return str(error.value).splitlines()


def test_good_settings_are_read() -> None:
    settings = read_settings(GOOD | {"PATH": "/bin"})
    assert settings.address == "https://modelgate.example"
    assert settings.link_keys == [KEY]
    assert settings.workspace_storage == "identity"
    assert (settings.mail_per_minute, settings.mail_per_hour) == (5, 10)
    assert settings.sign_in == ""


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(InvalidSettingsError) as error:
        read_settings({})
    required = {field.alias for field in Settings.model_fields.values() if field.is_required()}
    assert set(str(error.value).splitlines()) == {f"{name}: is missing" for name in required}
    assert "MODELGATE_BASE_URL" in required


def test_what_is_missing_is_told_beside_what_is_unsafe() -> None:
    assert problems(MODELGATE_TABLES="", MODELGATE_LINK_KEYS="short", MODELGATE_BASE_URL="x") == [
        "MODELGATE_TABLES: is missing",
        "MODELGATE_LINK_KEYS: every key needs 32 characters or more",
        "MODELGATE_BASE_URL: String should match pattern '^https?://[^/]+/?$'",
    ]


@pytest.mark.parametrize("keys", ["x" * 31, f"{KEY},short", f"{KEY},", ","])
def test_a_short_key_among_others_is_refused(keys: str) -> None:
    (problem,) = problems(MODELGATE_LINK_KEYS=keys)
    assert problem.startswith("MODELGATE_LINK_KEYS: every key needs")


def test_keys_are_separated_by_commas() -> None:
    settings = read_settings(GOOD | {"MODELGATE_LINK_KEYS": f"{KEY}, {KEY[::-1]}"})
    assert settings.link_keys == [KEY, KEY[::-1]]


def test_the_address_is_the_apps_own_where_none_is_set() -> None:
    azure = {"WEBSITE_HOSTNAME": "gate.azurewebsites.net"}
    assert read_settings(GOOD | azure).address == "https://modelgate.example"
    left_out = GOOD | azure | {"MODELGATE_BASE_URL": ""}
    assert read_settings(left_out).address == "https://gate.azurewebsites.net"


@pytest.mark.parametrize("name", ["MODELGATE_MAIL_PER_MINUTE", "MODELGATE_MAIL_PER_HOUR"])
@pytest.mark.parametrize("value", ["1", "0", "-5", "1001", "ten", "2.5"])
def test_a_pace_that_no_mail_keeps_is_refused(name: str, value: str) -> None:
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name}: Input should be")


@pytest.mark.parametrize("value", ["true", "1", "App-Service", "easy-auth"])
def test_signing_in_is_believed_in_one_spelling_alone(value: str) -> None:
    assert read_settings(GOOD | {"MODELGATE_SIGN_IN": "app-service"}).sign_in == "app-service"
    (problem,) = problems(MODELGATE_SIGN_IN=value)
    assert problem == "MODELGATE_SIGN_IN: Input should be '' or 'app-service'"


def test_no_secret_is_printed_with_the_settings() -> None:
    settings = read_settings(GOOD)
    for text in (repr(settings), str(settings)):
        assert not [secret for secret in SECRETS if secret in text]


def test_no_secret_is_printed_with_an_error() -> None:
    with pytest.raises(InvalidSettingsError) as error:
        read_settings(GOOD | {"MODELGATE_LINK_KEYS": KEY[:31], "MODELGATE_MAIL_SENDER": ""})
    text = "".join(traceback.format_exception(error.value))
    assert not [secret for secret in (*SECRETS, KEY[:31]) if secret in text]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings(GOOD).mail = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    "tables",
    [
        "https://devqa.table.core.windows.net",
        "http://127.0.0.1:10002/devstoreaccount1",
        "UseDevelopmentStorage=true",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b==;EndpointSuffix=x",
        "AccountName=a;AccountKey=b;TableEndpoint=http://127.0.0.1:10002/a;",
        "TableEndpoint=https://a.table.core.windows.net;SharedAccessSignature=sv=1&sig=x",
    ],
)
def test_tables_that_are_safe(tables: str) -> None:
    assert read_settings(GOOD | {"MODELGATE_TABLES": tables}).tables == tables


UNSAFE = {
    "MODELGATE_TABLES": [
        "http://devqa.table.core.windows.net",
        "devqa",
        "AccountName=devqa",
        "AccountKey=b==",
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=b==",
        "AccountName=a;AccountKey=b==;TableEndpoint=http://a.example",
    ],
    "MODELGATE_MAIL": [
        "http://mail.example",
        "mail.example",
        "endpoint=https://mail.example",
        "endpoint=http://mail.example;accesskey=x",
    ],
    "MODELGATE_EVENTS_ENDPOINT": ["http://topic.example/api/events", "topic.example"],
    "MODELGATE_ARM_URL": ["http://management.azure.com"],
    "MODELGATE_BLOB_URL": ["http://{account}.example", "{account}"],
    "MODELGATE_BASE_URL": ["http://modelgate.example"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in UNSAFE.items() for value in values]
)
def test_an_unsafe_address_is_refused(name: str, value: str) -> None:
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name}: ")


def test_all_unsafe_addresses_are_told_together() -> None:
    told = problems(**{name: values[0] for name, values in UNSAFE.items()})
    assert {problem.partition(":")[0] for problem in told} == set(UNSAFE)


def test_addresses_on_this_machine_are_taken() -> None:
    here = {
        "MODELGATE_MAIL": "endpoint=http://127.0.0.1:1/;accesskey=eA==",
        "MODELGATE_EVENTS_ENDPOINT": "http://localhost:1/topics/a/api/events",
        "MODELGATE_ARM_URL": "http://127.0.0.1:2",
        "MODELGATE_BLOB_URL": "http://127.0.0.1:3/{account}",
        "MODELGATE_BASE_URL": "http://[::1]:4",
    }
    settings = read_settings(GOOD | here)
    assert settings.blob_url == here["MODELGATE_BLOB_URL"]


def test_no_secret_of_an_unsafe_address_is_printed() -> None:
    told = problems(
        MODELGATE_TABLES="AccountKey=c2VjcmV0LXN0b3JhZ2U=",
        MODELGATE_MAIL="endpoint=http://mail.example;accesskey=c2VjcmV0LW1haWw=",
    )
    assert not [secret for secret in SECRETS if secret in "".join(told)]
