"""The page of limits shows every limit, with its value."""

import re

import pytest

from shared.domain import limits
from tests.structure.source import ROOT

LIMITS = {name: value for name, value in vars(limits).items() if name.isupper()}
ROW = re.compile(r"^\| `([A-Z_]+)` \| ([\d,]+) \|", re.MULTILINE)
SHOWN = dict(ROW.findall((ROOT / "docs" / "limits.md").read_text("utf-8")))


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_on_the_page(name: str) -> None:
    assert SHOWN[name] == f"{LIMITS[name]:,}"


def test_the_page_has_no_other() -> None:
    assert SHOWN.keys() == LIMITS.keys()
