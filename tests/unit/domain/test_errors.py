"""Failures that yesterday's version wrote."""

import pytest

from shared.domain.errors import Failure, FailureKind


@pytest.mark.parametrize(
    ("blame", "retryable", "kind"),
    [
        ("model", False, FailureKind.MODEL),
        ("technology", False, FailureKind.FINAL),
        ("technology", True, FailureKind.TRANSIENT),
        ("model", True, FailureKind.TRANSIENT),
    ],
)
def test_a_failure_with_blame_is_read(blame: str, retryable: bool, kind: FailureKind) -> None:
    earlier = {
        "blame": blame,
        "code": "C",
        "message": "M.",
        "retryable": retryable,
        "retry_after_seconds": 3.0,
    }
    assert Failure.from_json(earlier) == Failure(kind, "C", "M.", 3.0)


def test_what_may_be_tried_again() -> None:
    again = {kind for kind in FailureKind if Failure(kind, "", "").retryable}
    assert again == {FailureKind.TRANSIENT, FailureKind.ACTION_REQUIRED}
