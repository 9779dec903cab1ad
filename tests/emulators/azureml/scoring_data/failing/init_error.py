"""Imports, and then finds that its model is not there."""


def init() -> None:
    raise FileNotFoundError("where is model.joblib?")


def run(raw_data: str) -> str:
    return raw_data
