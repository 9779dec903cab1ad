"""Cannot be imported."""

import no_such_library  # type: ignore[import-not-found]  # noqa: F401  # that is the point


def init() -> None:
    pass


def run(raw_data: str) -> str:
    return raw_data
