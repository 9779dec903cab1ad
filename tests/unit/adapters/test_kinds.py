"""The table of kinds: named codes before statuses, statuses before words."""

import json
from collections.abc import Iterator

import pytest

from dev.emulators.azureml.wordings import WORDINGS
from shared.adapters.azureml.failures import answer_failure
from shared.adapters.failures import failure, retry_after_of
from shared.domain.errors import FailureKind
from shared.domain.pipeline import Workspace

HERE = Workspace("s", "g", "qa")
TRANSIENT, ACTION = FailureKind.TRANSIENT, FailureKind.ACTION_REQUIRED
FINAL = FailureKind.FINAL

SEEN = {
    "already-running": TRANSIENT,
    "endpoint-updating": TRANSIENT,
    "same-entity": TRANSIENT,
    "concurrent-request": TRANSIENT,
    "user-error": TRANSIENT,
    "service-error": TRANSIENT,
    "transient-error": TRANSIENT,
    "immutable-field": FINAL,
    "terminal-status": FINAL,
    "active-trigger": TRANSIENT,
    "scope-locked": ACTION,
    "disabled-subscription": ACTION,
    "missing-registration": ACTION,
    "disallowed-by-policy": ACTION,
}
"""What each answer of the emulator means."""


def body(code: str, message: str, inner: tuple[str, ...] = ()) -> str:
    error: dict[str, object] = {"code": code, "message": message}
    nested: dict[str, object] | None = None
    for each in reversed(inner):
        nested = {"code": each, "innerError": nested}
    if nested:
        error["additionalInfo"] = [{"type": "InnerError", "info": {"value": nested}}]
    return json.dumps({"error": error})


def test_every_wording_has_its_kind() -> None:
    found = {
        name: answer_failure(
            "Deployment d", HERE, each.status, body(each.code, each.message, each.inner)
        ).kind
        for name, each in WORDINGS.items()
    }
    assert found == SEEN


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FINAL),
        (401, TRANSIENT),
        (403, ACTION),
        (404, FINAL),
        (408, TRANSIENT),
        (409, TRANSIENT),
        (429, TRANSIENT),
        (500, TRANSIENT),
        (502, TRANSIENT),
        (504, TRANSIENT),
    ],
)
def test_a_status_counts_where_no_code_is_named(status: int, kind: FailureKind) -> None:
    told = answer_failure("Endpoint e", HERE, status, "")
    assert (told.kind, told.not_found) == (kind, status == 404)
    assert "tried again" not in told.message


def advices() -> Iterator[str]:
    for status, code, words in (
        (403, "RequestDisallowedByPolicy", "Resource 'd' was disallowed by policy."),
        (403, "AuthorizationFailure", "This request is not authorized to perform this operation."),
        (409, "ScopeLocked", "The scope cannot perform write operation."),
        (403, "AuthorizationFailed", "The client does not have authorization."),
        (502, "", "The private endpoint connection is not approved."),
    ):
        told = answer_failure("Deployment d", HERE, status, body(code, words))
        assert told.kind is ACTION
        yield told.message.partition(words)[2]


def test_a_policy_a_firewall_a_lock_and_a_missing_role_are_different_sentences() -> None:
    policy, firewall, lock, role, link = advices()
    assert "Azure Policy" in policy
    assert "storage account's firewall" in firewall
    assert "remove the lock" in lock
    assert "role" in role
    assert "private endpoint" in link
    assert len({policy, firewall, lock, role, link}) == 5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "372"}, 372.0),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        (
            {
                "Retry-After": "Wed, 21 Oct 2026 07:30:00 GMT",
                "Date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            120.0,
        ),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9" * 30}, 86_400.0),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers) == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [(None, TRANSIENT), (429, TRANSIENT), (500, TRANSIENT), (400, ACTION), (403, ACTION)],
)
def test_a_failed_token(status: int | None, kind: FailureKind) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    error = ClientAuthenticationError("no token")
    error.status_code = status
    told = failure(error, "Table releases")
    assert told.kind is kind
    assert told.message.startswith("Table releases: no token for Azure.")
