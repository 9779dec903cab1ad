"""Application Insights' ingestion as far as Microsoft's exporter talks to it, on loopback."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "00000000-0000-0000-0000-000000000001"


def _listed(item: Any) -> list[Any]:  # noqa: ANN401 (JSON)
    return item if isinstance(item, list) else [item]


class Ingestion:
    """Takes what the exporter sends."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.bodies: list[str] = []
        """Whatever was sent, on all paths, as text."""

        taken = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                taken.bodies.append(f"{self.path} {body.decode()}")
                items = [json.loads(line) for line in body.decode().splitlines()]
                # Live Metrics asks on another path
                is_telemetry = self.path.endswith("/track")
                flat = [each for item in items for each in _listed(item) if is_telemetry]
                taken.items.extend(flat)
                answer = {"itemsReceived": len(flat), "itemsAccepted": len(flat), "errors": []}
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *arguments: object) -> None:
                del arguments

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def settings(self, unsent: Path) -> dict[str, str]:
        """What has an app send its telemetry here.

        Args:
            unsent: Where the exporter keeps what it could not send, and finds what others could
                not: a folder of one's own.
        """
        ends = f"IngestionEndpoint={self.url};LiveEndpoint={self.url}"
        return {
            "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "true",
            "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={KEY};{ends}",
            "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
            "OTEL_TRACES_SAMPLER": "always_on",  # as infra/main.bicep sets it
            "TMPDIR": str(unsent),
        }

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """What has arrived of some kinds: `MessageData`, `RemoteDependencyData`, …"""
        return [each for each in list(self.items) if each["data"]["baseType"] in kinds]

    def close(self) -> None:
        """Take no more."""
        self.server.shutdown()
        self.server.server_close()
