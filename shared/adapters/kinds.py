"""What Azure's answers mean for a release: the one table, by code first, then status, then words.

Codes are from Microsoft's pages "Troubleshoot online endpoint deployment and scoring", "Common
Azure deployment errors" (learn.microsoft.com/azure/azure-resource-manager/troubleshooting), and
"Blob Storage error codes" (learn.microsoft.com/rest/api/storageservices/blob-service-error-codes).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from shared.domain.errors import FailureKind


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a failure means, and what is to be done about it."""

    kind: FailureKind
    advice: str = ""
    """One sentence; empty where Azure's words or the caller's say it."""

    code: str | None = None
    """Where Azure has none of its own for it."""


def _passes() -> Meaning:
    return Meaning(FailureKind.TRANSIENT)


def _mend(advice: str, code: str | None = None) -> Meaning:
    return Meaning(FailureKind.ACTION_REQUIRED, advice, code)


def _models() -> Meaning:
    return Meaning(FailureKind.MODEL)


OUT_OF_QUOTA: Final = "OutOfQuota"
QUOTA_ADVICE = (
    "Ask for more quota in the subscription, or for fewer or smaller instances in the pipeline."
)
ROLE_ADVICE = "Give this app's identity the role that docs/azure.md names for it there."
FIREWALL_ADVICE = (
    "Let this app through the storage account's firewall, or give it a private endpoint there."
)
POLICY_ADVICE = (
    "An Azure Policy forbids it: ask whoever assigned the policy for an exemption, or change the "
    "pipeline to what it allows."
)
LOCK_ADVICE = "Ask an owner of the subscription to remove the lock."
SENDER_ADVICE = (
    "Create the sender of MODELGATE_MAIL_SENDER on its domain, or name one that is there."
)
DOMAIN_ADVICE = "Link the domain of MODELGATE_MAIL_SENDER to the Communication Services resource."

CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        # passes by itself
        "OperationCanceled": _passes(),
        "InternalServerError": _passes(),
        "TransientError": _passes(),
        "TooManyRequests": _passes(),
        "SubscriptionRequestsThrottled": _passes(),
        "AnotherOperationInProgress": _passes(),
        "PendingCopyOperation": _passes(),
        "ServerBusy": _passes(),
        "OperationTimedOut": _passes(),
        "AccountBeingCreated": _passes(),
        "ContainerBeingDeleted": _passes(),
        # somebody has to mend it
        "AuthorizationFailed": _mend(ROLE_ADVICE),
        "LinkedAuthorizationFailed": _mend(ROLE_ADVICE),
        "AuthorizationPermissionMismatch": _mend(ROLE_ADVICE),
        "AuthorizationFailure": _mend(FIREWALL_ADVICE),
        "PublicAccessNotPermitted": _mend(FIREWALL_ADVICE),
        "CannotVerifyCopySource": _mend(
            "Let PROD's storage account read QA's: open the firewall of QA's account to it, or "
            "give it a private endpoint there."
        ),
        "KeyBasedAuthenticationNotPermitted": _mend(
            "Set MODELGATE_WORKSPACE_STORAGE to identity, or allow the account's keys."
        ),
        "RequestDisallowedByPolicy": _mend(POLICY_ADVICE),
        "MissingSubscriptionRegistration": _mend(
            "Register the named resource provider in the subscription (az provider register)."
        ),
        "ScopeLocked": _mend(LOCK_ADVICE),
        "ReadOnlyDisabledSubscription": _mend(
            "Ask an owner of the subscription to enable it again."
        ),
        OUT_OF_QUOTA: _mend(QUOTA_ADVICE),
        "QuotaExceeded": _mend(QUOTA_ADVICE),
        "OutOfCapacity": _mend(
            "The region or the cluster has no room: free some there, or name another instance "
            "type in the pipeline."
        ),
        "InvalidSenderUserName": _mend(SENDER_ADVICE),
        "DomainNotLinked": _mend(DOMAIN_ADVICE),
        # the image: conda file, base image, packages that do not fit
        "ImageBuildFailure": _models(),
        # model, scoring code or image do not fit together: cannot be downloaded, wrong format
        "BadArgument": _models(),
        # the container runs and does not become ready: score.py crashes, init() fails
        "ResourceNotReady": _models(),
        "UserScriptError": _models(),
        "UserScriptImportError": _models(),
        "OutOfMemory": _models(),
        "ModelNotReady": _models(),
        "ModelLoadError": _models(),
    }
)
"""By Azure's code. The model's are of operations: a call that is refused has not tried a model."""

AMBIGUOUS = frozenset({"BadArgument", "ResourceNotReady"})
"""Codes that are also what a missing role of the endpoint's identity gives ("Authorization error"
and "incorrect role assignments" on the page about online endpoints)."""

GENERAL = frozenset(
    {"UserError", "SystemError", "BadRequest", "NotFound", "Failed", "ServiceError", "Conflict"}
)
"""Codes that say nothing: what is beside them counts, or the status."""

TRANSIENT_STATUSES = frozenset({401, 408, 425, 429})
"""And every 5xx. A 401 is a token that was refused, which a new one mends."""

NOT_THE_MODEL = re.compile(
    r"authorization|not authorized|role assignment|\bquota\b|subscription doesn't exist|acrpull",
    re.IGNORECASE,
)
"""How an ambiguous code sounds when it is not the model's."""

BUSY = re.compile(
    r"non-terminal|in progress|another operation|already running|concurrent request"
    r"|in \w+ provisioning state|being (created|updated)",
    re.IGNORECASE,
)
"""How a 400 sounds that passes by itself (github.com/Azure/azure-sdk-for-net/issues/36961)."""

TAKEN = re.compile(
    r"already (exists|taken|in use|an endpoint)|\b(is|been) taken\b|\bname\b.*\bunique\b"
    r"|(another|other|different) name\b",
    re.IGNORECASE,
)
"""How a name sounds that somebody else has."""

IMMUTABLE = re.compile(r"\bimmutable\b|cannot be changed|can'?not be updated", re.IGNORECASE)
"""How a field sounds that nothing can change."""

QUOTA = re.compile(
    r"\bnot enough quota\b|\bquota (reached|exceeded)\b|error-outofquota", re.IGNORECASE
)
"""How a deployment sounds for which there is no quota: it is refused at once, as a `BadRequest`
(for example github.com/MicrosoftLearning/mslearn-azure-ml/issues/30)."""

NETWORK = re.compile(r"firewall|private (link|endpoint)|public network access", re.IGNORECASE)
"""How a refusal sounds that is a network's."""

NETWORK_ADVICE = "Let this app through the resource's firewall, or give it a private endpoint."


def meaning_of_answer(codes: Sequence[str], status: int, words: str) -> Meaning:
    """What a call's answer with an error status means.

    Args:
        codes: All of the answer, from the general to the particular.
        status: HTTP status.
        words: Azure's own.
    """
    named = [CODES[code] for code in reversed(codes) if code in CODES]
    for each in named:
        if each.kind is not FailureKind.MODEL:
            return each
    is_unnamed = all(code in GENERAL for code in codes)
    return _by_status(status, words, is_unnamed=is_unnamed)


def _by_status(status: int, words: str, *, is_unnamed: bool) -> Meaning:
    if status in (403, 502) and NETWORK.search(words):
        return _mend(NETWORK_ADVICE)
    if status in TRANSIENT_STATUSES or status >= 500:
        return _passes()
    if status == 403:
        return _mend(ROLE_ADVICE)
    if status in (400, 409):
        return _by_words(status, words, is_unnamed=is_unnamed)
    return Meaning(FailureKind.FINAL)


def _by_words(status: int, words: str, *, is_unnamed: bool) -> Meaning:
    """What a refused change means; a 409 that names no reason is a conflict that will be over."""
    if TAKEN.search(words) or IMMUTABLE.search(words):
        return Meaning(FailureKind.FINAL)
    if QUOTA.search(words):
        return _mend(QUOTA_ADVICE, OUT_OF_QUOTA)
    if BUSY.search(words) or (status == 409 and is_unnamed):
        return _passes()
    return Meaning(FailureKind.FINAL)


def meaning_of_operation(code: str, words: str) -> Meaning:
    """What the failure of a long-running operation means."""
    if code in AMBIGUOUS and NOT_THE_MODEL.search(words):
        return _mend("")
    return CODES.get(code, Meaning(FailureKind.FINAL))
