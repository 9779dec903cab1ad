import os

import pytest

from dev.tools.bicep import NoCompilerError, compiler


@pytest.fixture(scope="session")
def bicep() -> str:
    """Where the compiler is. Without one, tests that need it are skipped; in CI they fail."""
    try:
        return compiler()
    except NoCompilerError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
