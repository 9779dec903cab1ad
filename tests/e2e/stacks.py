"""What callers outside of the local stack can do and see."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import requests

from dev.approver import Approver, PageForm
from tests.e2e.pipelines import approver_of, owner_of
from tests.e2e.workspaces import PATIENCE_SECONDS, Workspaces, eventually

TOPIC = "releases"
ANN = "ann@modelgate.example"
"""Who starts and stops releases by hand."""
WHOLE_TRAIL = [
    "Started",
    "StageStarted",
    "Deployed",
    "Probed",
    "StageSucceeded",
    "ApprovalRequested",
    "Decided",
    "StageStarted",
    "ModelCopied",
    "Deployed",
    "Probed",
    "StageSucceeded",
    "Ended",
]
"""What happens to a release through qa and, once approved, prod."""

type Release = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """A decision page's form, as a person has filled it in."""

    link: str
    fields: Mapping[str, str]

    def send(self, *, link: str = "", **changes: str) -> requests.Response:
        """Send it, with changes."""
        fields = {**self.fields, **changes}
        return requests.post(link or self.link, data=fields, timeout=30)


class Stack(Workspaces):
    """A running stack, over HTTP."""

    def __init__(self, facts: Mapping[str, Any], process: subprocess.Popen[str]) -> None:
        super().__init__(facts)
        self.process = process

    def processes(self) -> list[psutil.Process]:
        """The stack's process and all below it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    # --- the service, as programs use it ---

    def call(self, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401
        """One request to the function app, with the function key."""
        headers = {"x-functions-key": self.facts["function_key"], **more.pop("headers", {})}
        url = self.facts["functions"] + path
        return requests.request(method, url, headers=headers, timeout=60, **more)

    def get(self, path: str) -> dict[str, Any]:
        """A JSON document of the function app."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def release(self, release_id: str) -> Release:
        """One release."""
        return self.get(f"/api/releases/{release_id}")

    def events(self, release_id: str) -> list[dict[str, Any]]:
        """A release's audit trail."""
        events: list[dict[str, Any]] = self.get(f"/api/releases/{release_id}/events")["events"]
        return events

    def releases(self, scenario: str) -> list[Release]:
        """A scenario's releases, latest first."""
        found: list[Release] = self.get(f"/api/releases?pipeline={scenario}&limit=100")["releases"]
        return found

    def started(self, scenario: str, version: str = "1", attempt: int = 1) -> str:
        """The id of a release, once there is one."""

        def look() -> str | None:
            for each in self.releases(scenario):
                if (each["model"]["version"], each["attempt"]) == (version, attempt):
                    return str(each["id"])
            return None

        return eventually(look, f"a release of {scenario} version {version}")

    def start_again(self, scenario: str, version: str = "1") -> str:
        """Another attempt by hand; its id."""
        body = {"pipeline": scenario, "model": scenario, "version": version, "requested_by": ANN}
        answer = self.call("POST", "/api/releases", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def abort(self, release_id: str) -> requests.Response:
        """Ask for a release's end."""
        body = {"by": ANN, "reason": "not today"}
        return self.call("POST", f"/api/releases/{release_id}/abort", json=body)

    def when(self, release_id: str, state: str, stage: str = "") -> Release:
        """The release once it is in a state, in a stage if one is named."""

        def look() -> Release | None:
            release = self.release(release_id)
            is_there = release["state"] == state and stage in ("", release["stage"])
            if not is_there and release["outcome"]:
                raise AssertionError(f"{release_id} {release['outcome']}: {release['reason']}")
            return release if is_there else None

        return eventually(look, f"{release_id} {state}")

    def ended(self, release_id: str, seconds: float = PATIENCE_SECONDS) -> Release:
        """The release once it has ended."""

        def look() -> Release | None:
            release = self.release(release_id)
            return release if release["outcome"] else None

        return eventually(look, f"the end of {release_id}", seconds)

    def succeeded(self, release_id: str, seconds: float = PATIENCE_SECONDS) -> Release:
        """The release once it has ended, which it must well."""
        release = self.ended(release_id, seconds)
        assert release["outcome"] == "Succeeded", release["reason"]
        return release

    def waiting_for(self, what: str, *release_ids: str) -> None:
        """Wait until one of the releases waits for something that begins with `what`."""

        def look() -> bool | None:
            waits = [str(self.release(each)["waits_for"]) for each in release_ids]
            return any(wait.startswith(what) for wait in waits) or None

        eventually(look, f"one of {release_ids} waits for {what}")

    # --- the data scientist ---

    def register(
        self,
        scenario: str,
        version: str = "1",
        *,
        factor: float = 2.0,
        more_files: Mapping[str, bytes] | None = None,
        **more: Any,  # noqa: ANN401 (what Studio takes)
    ) -> None:
        """Register a version of a scenario's model."""
        files = {"factor.json": json.dumps({"factor": factor}).encode(), **(more_files or {})}
        self.studio.register(files, name=scenario, version=version, **more)

    def release_of(self, scenario: str, version: str = "1", **more: Any) -> str:  # noqa: ANN401
        """Register a version; the id of the release that this starts."""
        self.register(scenario, version, **more)
        return self.started(scenario, version)

    # --- people ---

    def links(self, scenario: str) -> list[str]:
        """The links to decision pages that the approver got, oldest first."""
        return Approver(self.facts, approver_of(scenario)).links()

    def link(self, scenario: str, number: int = 1) -> str:
        """The link in the approver's mail of that number, once it is there."""

        def look() -> str | None:
            links = self.links(scenario)
            return links[number - 1] if len(links) >= number else None

        return eventually(look, f"mail {number} to the approver of {scenario}")

    def form(
        self, scenario: str, choice: str = "approve", *, person: str = "", number: int = 1
    ) -> Form:
        """The form behind a person's link, filled in as the mail says and not sent yet."""
        approver = Approver(self.facts, person or approver_of(scenario))
        (link,) = eventually(lambda: approver.links()[number - 1 : number] or None, "the link")
        page = PageForm(approver.open(link).text)
        told = {"version": approver.version(link), "code": approver.code(link)}
        return Form(link, {**page.fields, **told, "choice": choice, "comment": "It is."})

    def decide(self, scenario: str, decision: str = "approve", *, number: int = 1) -> None:
        """Open the page behind the approver's link and decide."""
        approver = Approver(self.facts, approver_of(scenario))
        page = approver.decide(self.link(scenario, number), decision, f"I {decision} it.")
        assert page.status_code == 200, page.text

    def mail(self, address: str) -> list[dict[str, Any]]:
        """Somebody's mail, oldest first."""
        url = f"{self.facts['mailbox']}/messages"
        mail: list[dict[str, Any]] = requests.get(url, params={"to": address}, timeout=30).json()
        return mail

    def owners_mail(self, scenario: str, count: int = 1) -> dict[str, Any]:
        """The newest mail to a scenario's owner, once there are `count`."""

        def look() -> dict[str, Any] | None:
            mail = self.mail(owner_of(scenario))
            return mail[-1] if len(mail) >= count else None

        return eventually(look, f"mail {count} to the owner of {scenario}")

    # --- what is done to Azure, and what it saw ---

    def tell(self, model: str, version: object = "1", **changes: Any) -> str:  # noqa: ANN401
        """Let Event Grid tell of a registration, whether there was one or not; the event's id.

        `changes` are to the event; its source is wk-qa unless they say otherwise.
        """
        event = {
            "id": str(uuid4()),
            "topic": self.facts["workspaces"]["qa"],
            "subject": f"models/{model}:{version}",
            "eventType": "Microsoft.MachineLearningServices.ModelRegistered",
            "eventTime": datetime.now(UTC).isoformat(),
            "data": {"ModelName": model, "ModelVersion": version},
            **changes,
        }
        self.control("eventgrid", "system-topics/events", [event])
        return str(event["id"])

    def drop_engine(self) -> None:
        """Lose every orchestration, then let the sweeper look."""
        self.control("functions", "durable/drop")
        self.sweep()

    def sweep(self) -> None:
        """Let the sweeper look now; by itself it does so every minute."""
        swept = self.control("functions", "timers/sweeper").json()
        assert swept["error"] is None

    def ring(self, release_id: str) -> None:
        """Raise the release's event, as the Durable management API lets an administrator do."""
        path = f"runtime/webhooks/durabletask/instances/{release_id}/raiseEvent/news"
        answer = requests.post(
            f"{self.facts['functions']}/{path}",
            params={"code": self.host_keys()["durabletask_extension"]},
            json={},
            timeout=30,
        )
        assert answer.status_code == 202, answer.text

    def host_keys(self) -> dict[str, str]:
        """The host's keys, as an administrator sees them."""
        file = Path(self.facts["state_dir"]) / "host" / "keys.json"
        keys: dict[str, str] = json.loads(file.read_text())
        return keys

    def published(self, release_id: str) -> list[dict[str, Any]]:
        """The CloudEvents of a release that the topic took, oldest first."""
        url = f"{self.facts['eventgrid']}/_emulator/topics/{TOPIC}/events"
        return [
            event
            for event in requests.get(url, timeout=30).json()
            if release_id in json.dumps(event)
        ]


def types(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The types of events, in order."""
    return [str(event["type"]) for event in events]
