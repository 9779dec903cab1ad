"""Names that mean something to somebody: to paths, terminals, readers."""

from collections.abc import Mapping

import pytest

from tests.adversary.conftest import MOST_FILES
from tests.adversary.refusals import Refusals
from tests.adversary.registrant import Registrant

# Most control characters are none that Blob Storage takes (learn.microsoft.com, "Naming and
# referencing containers, blobs, and metadata").
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
    "next-line": "a\x85b",
    "query": "a?comp=list&b#c%2e%2e%2fd",
}
HARMLESS = frozenset({"query"})
"""What is odd and nothing else: it is copied under its own name."""

REFUSED = frozenset({"Failed"})
OUTCOMES: Mapping[str, frozenset[str]] = {
    "../../victim-production/1": REFUSED,
    "..": REFUSED,
    "a/b": REFUSED,
    "1\\..\\2": REFUSED,
    "1\u202e2": REFUSED,
    "%2e%2e": frozenset({"Failed", "Succeeded"}),
    "1?x=y": frozenset({"Failed", "Succeeded"}),
    "1#2": frozenset({"Failed", "Succeeded"}),
}
"""How a release of such a version may end, if there is one."""

VERSIONS = tuple(OUTCOMES)


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


@pytest.fixture(scope="module")
def odd(mallory: Registrant) -> list[str]:
    """The versions whose names are odd, all of them registered, and one after them that is not."""
    for number, version in enumerate([*VERSIONS, "after"]):
        folder = f"models/versions/odd-{number}"
        mallory.files(folder, {"factor.json": b'{"factor": 2.0}'})
        uri = f"azureml://datastores/workspaceblobstore/paths/{folder}"
        mallory.model("versions", version, uri)
    mallory.stack.ended(mallory.stack.started("versions", "after"))
    return list(VERSIONS)


@pytest.mark.parametrize("number", range(len(VERSIONS)))
def test_a_version_that_is_a_path_elsewhere_goes_nowhere(
    mallory: Registrant, odd: list[str], number: int
) -> None:
    """Azure ML's interface has a pattern for a model's name, and none for its version.

    It is no release at all, or one that ends as the model's fault. Where it is copied all the same,
    our client takes `..` out of the address: what keeps it here is that the account's key signs
    another one, which a token does not.
    """
    for release in mallory.stack.releases("versions"):
        if release["model"]["version"] == odd[number]:
            ended = mallory.stack.ended(release["id"], 60)
            assert ended["outcome"] in OUTCOMES[odd[number]], ended["reason"]
    names = prods(mallory)
    assert not [name for name in names if "victim" in name]
    assert not [name for name in names if {"..", "."} & set(name.split("/"))]


def test_more_files_than_are_taken_are_too_many(mallory: Registrant, refusals: Refusals) -> None:
    files = {f"part-{number}": b"" for number in range(MOST_FILES + 1)}
    release = refusals.ended(mallory.release("many", "1", files), "Failed", "TooManyFiles")
    assert str(MOST_FILES) in release["reason"]
