import pytest

from dev.tools.bicep import NoCompilerError, compiler
from tests.missing import do_without


@pytest.fixture(scope="session")
def bicep() -> str:
    """Where the compiler is."""
    try:
        return compiler()
    except NoCompilerError as error:
        do_without(str(error))
