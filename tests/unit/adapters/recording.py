"""What Azure's clients send, caught where it would leave the process; nothing is answered by Azure.

All of them, azure-identity too, send by requests.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

type Answer = tuple[int, object, dict[str, str]]
"""Status, JSON and headers."""


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str
    url: str
    headers: dict[str, str]
    body: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body).items()}


@dataclass
class Recorder:
    """Keeps requests, and answers them as a test says."""

    answer: Callable[[Sent], Answer]
    sent: list[Sent] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand where requests would open a connection."""

        really = HTTPAdapter.send

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> Any:  # noqa: ANN401
            if urlsplit(str(request.url)).hostname == "127.0.0.1":
                # another test's telemetry, which is sent by a thread of its own
                return really(adapter, request, **options)
            body = request.body or b""
            sent = Sent(
                method=str(request.method),
                url=str(request.url),
                headers={name.lower(): str(value) for name, value in request.headers.items()},
                body=body.decode() if isinstance(body, bytes) else str(body),
            )
            self.sent.append(sent)
            return _response(request, *self.answer(sent))

        monkeypatch.setattr(HTTPAdapter, "send", send)

    def hosts(self) -> set[str]:
        return {sent.host for sent in self.sent}


def _response(
    request: requests.PreparedRequest, status: int, body: object, headers: dict[str, str]
) -> requests.Response:
    text = json.dumps(body).encode()
    raw = HTTPResponse(
        body=io.BytesIO(text),
        status=status,
        reason="Recorded",
        headers={"Content-Type": "application/json", **headers},
        preload_content=False,
    )
    return HTTPAdapter().build_response(request, raw)
