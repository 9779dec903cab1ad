"""Never gets ready."""

import time


def init() -> None:
    time.sleep(600)


def run(raw_data: str) -> str:
    return raw_data
