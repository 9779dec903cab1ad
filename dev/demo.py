"""`make demo`: one model version on its whole way, live in the terminal.

Exit status 0 only when QA, PROD and the model in memory give the same answers.
"""

from __future__ import annotations

import argparse
import json
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dev.approver import Approver
from dev.example import MODEL, Studio, TrainedModel, train
from dev.stack import PEOPLE

ENDPOINTS = {"qa": "api-diabetes-qa", "prod": "api-diabetes-prod"}
VERSION = "1"
WAIT_SECONDS = 600.0
COLOURS = {"Succeeded": "green", "Waiting": "yellow", "Stopped": "red", "Pending": "dim"}

console = Console()


class DemoError(Exception):
    """The demo did not come to its end; the message is for people."""


@contextmanager
def running_stack(provision_seconds: float) -> Iterator[dict[str, Any]]:
    """The local stack in a process of its own; what it printed."""
    command = [sys.executable, "-m", "dev.stack", "--json"]
    command += ["--provision-seconds", str(provision_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - fixed
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise DemoError("The local stack did not start; the reason is above.")
            yield json.loads(line)
        finally:
            process.send_signal(signal.SIGTERM)


class Demo:
    """One release, watched."""

    def __init__(self, facts: dict[str, Any], *, by_itself: bool) -> None:
        self._facts = facts
        self._by_itself = by_itself
        self._studio = Studio(facts)
        self._approver = Approver(facts, PEOPLE["APPROVER"])
        self._decided = False
        self._told = 0
        """Number of the last event that was printed."""

    def run(self) -> None:
        """Train, register, watch, compare.

        Raises:
            DemoError: The release did not succeed, or answers differ.
        """
        model = train()
        console.print(f"Trained a model on the diabetes data (R² {model.r2:.2f} on unseen rows).")
        self._register(model)
        console.print(f"Registered {MODEL} version {VERSION} in wk-qa. The rest runs by itself.\n")
        release = self._watch()
        if release["outcome"] != "Succeeded":
            raise DemoError(f"The release ended {release['outcome']}: {release['reason']}")
        self._compare(model)

    def _register(self, model: TrainedModel) -> None:
        self._studio.register(
            {"model.pkl": model.pickled()},
            version=VERSION,
            description="Disease progression after one year, from ten baseline measurements.",
            tags={"area": "diabetes", "type": "regression"},
            properties={"r2": f"{model.r2:.4f}"},
        )

    def _watch(self) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_SECONDS
        with _no_echo(), Live(console=console, refresh_per_second=4) as live:
            while time.monotonic() < deadline:
                release = self._release()
                if release is not None:
                    self._tell(release)
                    live.update(self._picture(release))
                    if release["outcome"] is not None:
                        return release
                    self._decide(release)
                time.sleep(0.25)
        raise DemoError(f"The release had not ended after {WAIT_SECONDS:.0f} s.")

    def _tell(self, release: dict[str, Any]) -> None:
        """Where no picture can move, in a log file for example, print what has happened."""
        if console.is_terminal:
            return
        path = f"/api/releases/{release['id']}/events?after={self._told}"
        for event in self._get(path)["events"]:
            self._told = event["number"]
            console.print(f"{event['at'][11:19]}  {event['message']}", soft_wrap=True)

    def _release(self) -> dict[str, Any] | None:
        listed = self._get("/api/releases?limit=1")["releases"]
        return self._get(f"/api/releases/{listed[0]['id']}") if listed else None

    def _get(self, path: str) -> dict[str, Any]:
        headers = {"x-functions-key": self._facts["function_key"]}
        answer = requests.get(self._facts["functions"] + path, headers=headers, timeout=30)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    def _decide(self, release: dict[str, Any]) -> None:
        pressed = not self._by_itself and _enter_was_pressed()  # read: an early one means nothing
        waiting = _is_waiting(release) and not self._decided
        links = self._approver.links() if waiting else []
        if links and (self._by_itself or pressed):
            self._decided = True
            comment = "Approved by the demo, through the page."
            answer = self._approver.decide(links[-1], "approve", comment)
            if not answer.ok:
                raise DemoError(f"The decision page answered {answer.status_code}: {links[-1]}")

    def _picture(self, release: dict[str, Any]) -> RenderableType:
        table = Table("stage", "state", "elapsed", "endpoint", "deployment")
        for stage in release["stages"]:
            state = Text(stage["state"], COLOURS.get(stage["state"], "cyan"))
            table.add_row(
                stage["name"], state, _elapsed(stage), stage["endpoint"], stage["deployment"]
            )
        waits = [stage["waits_for"] for stage in release["stages"] if stage["waits_for"]]
        lines: list[RenderableType] = [self._links(release), table]
        lines += [f"waits for {what}" for what in waits[:1]]
        if _is_waiting(release) and not self._by_itself:
            lines.append("[yellow]Decide on the decision page, or press Enter to approve.[/yellow]")
            lines += [f"The page asks for what the mail says: {what}" for what in self._asked_for()]
        if release["outcome"]:
            lines.append(f"[bold]{release['outcome']}[/bold]: {release['reason']}")
        return Group(*lines)

    def _links(self, release: dict[str, Any]) -> RenderableType:
        key = self._facts["function_key"]
        links = {
            "status": f"{self._facts['functions']}/api/releases/{release['id']}?code={key}",
            "mailbox": self._facts["mailbox"],
            "events": self._facts["eventgrid"],
        }
        if _is_waiting(release):
            links["decision"] = next(iter(self._approver.links()[-1:]), "on its way by mail")
        grid = Table.grid(padding=(0, 2))
        for name, url in links.items():
            grid.add_row(name, Text(url, style=f"link {url}", overflow="fold"))
        return grid

    def _asked_for(self) -> list[str]:
        """What a person takes from the newest mail and types into the page."""
        return [
            f"version {self._approver.version(link)}, code {self._approver.code(link)}."
            for link in self._approver.links()[-1:]
        ]

    def _compare(self, model: TrainedModel) -> None:
        answers = {"memory": model.predict()}
        for role, endpoint in ENDPOINTS.items():
            answers[role] = self._studio.score(role, endpoint, model.rows)
        table = Table("row", "model in memory", ENDPOINTS["qa"], ENDPOINTS["prod"])
        for number, values in enumerate(zip(*answers.values(), strict=True), start=1):
            table.add_row(str(number), *(f"{value:.6f}" for value in values))
        console.print("\nThe same ten rows, asked of all three:", table)
        spread = max(max(row) - min(row) for row in zip(*answers.values(), strict=True))
        if spread > 1e-9:
            raise DemoError(f"The answers differ by up to {spread:g}.")
        console.print("[bold green]The answers agree.[/bold green]")


@contextmanager
def _no_echo() -> Iterator[None]:
    """Keep a pressed Enter from moving the picture down a line."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    silent = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _is_waiting(release: dict[str, Any]) -> bool:
    return any(stage["state"] == "Waiting" for stage in release["stages"])


def _elapsed(stage: dict[str, Any]) -> str:
    if stage["started_at"] is None:
        return ""
    ended = stage["ended_at"]
    until = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
    return f"{(until - datetime.fromisoformat(stage['started_at'])).total_seconds():.0f} s"


def _enter_was_pressed() -> bool:
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(ready) and sys.stdin.readline() != ""


def main() -> int:
    """Run the demo; 0 when everything agreed."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    parser.add_argument("--provision-seconds", type=float, default=10.0)
    options = parser.parse_args()
    by_itself = not (sys.stdin.isatty() and sys.stdout.isatty())
    console.print("Starting the service and its emulators on this machine …")
    try:
        with running_stack(options.provision_seconds) as facts:
            Demo(facts, by_itself=by_itself).run()
    except (DemoError, requests.RequestException) as error:
        console.print(f"[bold red]{error}[/bold red]")
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
