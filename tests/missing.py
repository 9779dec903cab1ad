"""What a test needs and this machine may lack."""

import os
from typing import NoReturn

import pytest


def do_without(reason: str) -> NoReturn:
    """Skip the test; in CI, where nothing may be lacking, fail it.

    Args:
        reason: What is missing, and how to bring it.
    """
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
