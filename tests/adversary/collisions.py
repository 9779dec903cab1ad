"""Versions of one model whose derived names were the same, found as anybody can find them.

A deployment's name ended in 32 bits of a hash: 34,000 numbers were tried for the first pair, in a
second. A release's id ended in 40 bits and did not show capitals: a million spellings were tried
for the second pair, in ten seconds.
"""

from typing import Final

ONE_DEPLOYMENT: Final = ("1-0-0-0-0-0-0-0-0-248", "1-0-0-0-0-0-0-0-0-34220")
"""Of model and pipeline `clash`."""

ONE_RELEASE: Final = ("AbcDeFGhIjkLMnopQrStuvwx", "AbcDEfGHIjkLmNopQRStuvwx")
"""Of model and pipeline `quiet`."""
