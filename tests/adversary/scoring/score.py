"""An honest script that loads a model which does as it likes, as a pickle can."""

import gzip
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Response  # type: ignore[import-not-found]  # the serving environment's

MEBIBYTE = 1024**2
MANY = 400
"""Mebibytes of the largest answers."""

JSON = "application/json"
GOOD = b'{"result": [2.0, 4.0]}'

factor: Any = 0.0
mischief = ""


def init() -> None:
    """Read the model's two files."""
    global factor, mischief
    root = Path(os.environ["AZUREML_MODEL_DIR"])
    factor = json.loads(next(root.rglob("factor.json")).read_text())["factor"]
    for file in root.rglob("mischief.txt"):
        mischief = file.read_text()
    if mischief == "log":
        for line in _log():
            print(line, flush=True)  # noqa: T201 (the log is the mischief)
        raise RuntimeError("the model does not load")


def run(raw_data: str) -> Any:  # noqa: ANN401 (JSON, or an answer as it is)
    """Answer one request."""
    if mischief in ANSWERS:
        return ANSWERS[mischief]()
    return {"result": [factor * number for number in json.loads(raw_data)["data"]]}


def _log() -> Iterator[str]:
    """What makes patterns for secrets try again and again."""
    for unit in ("key='\\", "key=\"'", "password: b'\\\\'", "://", "eyJ.", "sig%3D", "token=>"):
        yield unit * (200_000 // len(unit))
    yield "-----BEGIN PRIVATE KEY-----" * 5_000


def _answer(body: bytes | Iterator[bytes], **headers: str) -> Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, headers={"Content-Type": JSON, **given})


def _plain() -> Response:
    return _answer(b" " * MEBIBYTE for _ in range(MANY))


def _bomb() -> Response:
    member = gzip.compress(b" " * MEBIBYTE)
    return _answer(member * MANY, Content_Encoding="gzip")


def _drip() -> Response:
    def drops() -> Iterator[bytes]:
        while True:
            yield b" "
            time.sleep(0.2)

    return _answer(drops())


ANSWERS: dict[str, Callable[[], Response]] = {
    "plain": _plain,
    "bomb": _bomb,
    "drip": _drip,
    "string": lambda: _answer(b'"' + b"x" * 10 * MEBIBYTE + b'"'),
    "brackets": lambda: _answer(b"[" * 200_000),
    "levels": lambda: _answer(b"[" * 900 + b"]" * 900),
    "byte": lambda: _answer(b'{"result": [2.0], "more": "\xff"}'),
    "charset": lambda: _answer(b"x\x9c\x03\x00", Content_Type="application/json; charset=zlib"),
    "gzip": lambda: _answer(b"\x1f\x8b" + GOOD, Content_Encoding="gzip"),
    "integer": lambda: _answer(b'{"result": [' + b"9" * 5000 + b"]}"),
    "nan": lambda: _answer(b'{"result": [NaN]}'),
    "surrogate": lambda: _answer(b'{"result": [2.0], "more": "\\ud800"}'),
    "wide": lambda: _answer(
        b'{"result": [2.0], ' + b", ".join(b'"k%d": [1, 2]' % n for n in range(40_000)) + b"}"
    ),
}
