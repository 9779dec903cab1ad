"""Names whose letter case does not matter: those of online endpoints.

An endpoint keeps the spelling that it was created with, and answers to any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_ENDPOINT = "endpoint"


def spelled(given: str, known: Iterable[str]) -> str:
    """A name as the one that is known is spelled; as it was given where none is."""
    return next((name for name in known if name.casefold() == given.casefold()), given)


def as_known(params: Mapping[str, str], endpoints: Iterable[str]) -> dict[str, str]:
    """The names of a path, its endpoint's spelled as the endpoint is."""
    if _ENDPOINT not in params:
        return dict(params)
    return {**params, _ENDPOINT: spelled(params[_ENDPOINT], endpoints)}
