"""Lacks the function that scores."""


def init() -> None:
    pass
