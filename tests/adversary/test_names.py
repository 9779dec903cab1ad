"""Names that mean something to somebody: to paths, terminals, readers."""

from collections.abc import Mapping

import pytest

from tests.adversary.conftest import MOST_FILES
from tests.adversary.refusals import Refusals
from tests.adversary.registrant import Registrant

NAMES: Mapping[str, str] = {
    "up": "../../../../victim-production/1/factor.json",
    "up-once": "a/../factor.json",
    "here": "a/./b",
    "empty": "a//b",
    "ends": "a/",
    "backslash": "a\\..\\b",
    "bidi": "invoice\u202egpj.exe",
    "isolate": "a\u2066b",
    "tab": "a\tb",
    "line": "a\nEnded: Succeeded",
    "escape": "a\x1b[2J",
    "query": "a?comp=list&b#c%2e%2e%2fd",
}
HARMLESS = frozenset({"query"})
"""What is odd and nothing else: it is copied under its own name."""

VERSIONS = (
    "../../victim-production/1",
    "..",
    "a/b",
    "1\\..\\2",
    "1\u202e2",
    "%2e%2e",
    "1?x=y",
    "1#2",
)


def prods(mallory: Registrant) -> list[str]:
    """The blobs that PROD has."""
    return [str(name) for name in mallory.stack.blobs("prod").list_blob_names()]


@pytest.fixture(scope="module")
def ids(mallory: Registrant) -> dict[str, str]:
    """The releases of models with such a file, all of them begun."""
    return {kind: mallory.release("names", kind, {name: b"{}"}) for kind, name in NAMES.items()}


@pytest.mark.parametrize("kind", NAMES)
def test_a_file_whose_name_is_a_path_elsewhere_goes_nowhere(
    mallory: Registrant, refusals: Refusals, ids: dict[str, str], kind: str
) -> None:
    id_ = ids[kind]
    if kind in HARMLESS:
        mallory.stack.succeeded(id_)
        assert any(name.endswith(NAMES[kind]) for name in prods(mallory))
    else:
        refusals.ended(id_, "Failed", "UnsafeFileName")
    assert not [name for name in prods(mallory) if "victim" in name]


@pytest.mark.parametrize("number", range(len(VERSIONS)))
def test_a_version_that_is_a_path_elsewhere_goes_nowhere(mallory: Registrant, number: int) -> None:
    """Azure ML's interface has a pattern for a model's name, and none for its version."""
    version = VERSIONS[number]
    folder = f"models/versions/odd-{number}"
    mallory.files(folder, {"factor.json": b'{"factor": 2.0}'})
    mallory.model("versions", version, f"azureml://datastores/workspaceblobstore/paths/{folder}")
    mallory.stack.tell("versions", f"after-{number}")
    mallory.stack.ended(mallory.stack.started("versions", f"after-{number}"))
    for release in mallory.stack.releases("versions"):
        if release["model"]["version"] == version:
            mallory.stack.ended(release["id"])
    own = [name for name in prods(mallory) if name.startswith("modelgate/")]
    folders = {"names-production", "versions-production", "swapped-production", "taken-production"}
    assert {name.split("/")[1] for name in own} <= folders
    assert not [name for name in own if {"..", "."} & set(name.split("/"))]


def test_more_files_than_are_taken_are_too_many(mallory: Registrant, refusals: Refusals) -> None:
    files = {f"part-{number}": b"" for number in range(MOST_FILES + 1)}
    release = refusals.ended(mallory.release("many", "1", files), "Failed", "TooManyFiles")
    assert str(MOST_FILES) in release["reason"]
