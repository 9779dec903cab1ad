"""Plain reads of ARM: for what azure-ai-ml has no call for, or hides the status of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared.adapters.azureml.failures import answer_failure
from shared.adapters.azureml.workspaces import Workspaces
from shared.adapters.failures import no_answer
from shared.domain.errors import Failure, StepError, technical
from shared.domain.pipeline import Workspace
from shared.domain.untrusted import UnreadableError, parse_json

VERSION = "2023-04-01"
"""Of Microsoft.MachineLearningServices: the latest stable one whose interface is at hand."""

MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What ARM says to a read: the resource, or why it refuses for good."""

    status: int
    body: Mapping[str, Any]
    """Parsed; empty where ARM refuses."""

    refusal: Failure | None = None
    """None where ARM answers with what was asked for."""

    def part(self, name: str) -> "Answer":
        """The same answer with a part of the body, such as `properties`, for its whole."""
        part = self.body.get(name)
        return Answer(self.status, part if isinstance(part, dict) else {}, self.refusal)

    def text(self, name: str) -> str:
        """A text of the body; empty where there is none."""
        text = self.body.get(name)
        return text if isinstance(text, str) else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What ARM says to a read of a list, all pages together."""

    items: tuple[Mapping[str, Any], ...]
    refusal: Failure | None = None

    @classmethod
    def of(cls, pages: Iterator[Answer]) -> Self:
        """The pages' `value`, up to the first that ARM refuses."""
        items: list[Mapping[str, Any]] = []
        for page in pages:
            if page.refusal is not None:
                return cls((), page.refusal)
            value = page.body.get("value")
            items += [
                item
                for item in (value if isinstance(value, list) else [])
                if isinstance(item, dict)
            ]
        return cls(tuple(items))


class Arm:
    """Reads by ARM path. Thread-safe; each read is one try, the orchestration tries again."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    def get(self, path: str, *, what: str, workspace: Workspace, version: str = VERSION) -> Answer:
        """Read a resource.

        Args:
            path: Its ARM id.
            what: The resource and where it is, for people.
            workspace: Where a role is missing if ARM refuses.
            version: The `api-version`.

        Raises:
            StepError: Azure does not answer, or asks to come again (408, 429, 5xx).
        """
        url = f"{self._workspaces.arm_url}{path}?api-version={version}"
        return self._read(url, what, workspace)

    def list(
        self, path: str, *, what: str, workspace: Workspace, version: str = VERSION
    ) -> Listing:
        """Read a list with all its pages; else as `get`."""
        url = f"{self._workspaces.arm_url}{path}?api-version={version}"
        return Listing.of(self._pages(url, what, workspace))

    def _pages(self, url: str, what: str, workspace: Workspace) -> Iterator[Answer]:
        for _ in range(MOST_PAGES):
            page = self._read(url, what, workspace)
            yield page
            url = page.text("nextLink")
            if not url:
                return

    def _read(self, url: str, what: str, workspace: Workspace) -> Answer:
        from azure.core.exceptions import AzureError

        if not self._workspaces.is_own(url):
            raise technical(
                "UnknownAddress",
                f"{what}: ARM names an address that is not its own for the rest of the list, so "
                "no token is sent there.",
            )
        try:
            status, text = self._workspaces.read(url)
        except AzureError as error:
            raise StepError(no_answer(error, what)) from error
        if status != 200:
            failure = answer_failure(what, workspace, status, text)
            if failure.is_transient:
                raise StepError(failure)
            return Answer(status, {}, failure)
        try:
            body = parse_json(text)
        except UnreadableError:
            body = None
        if not isinstance(body, dict):
            raise technical("UnreadableAnswer", f"{what}: ARM's answer is no JSON.", retryable=True)
        return Answer(status, body)
