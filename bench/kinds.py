"""What kind of call an HTTP request of the function process is, for counting."""

import re
from urllib.parse import parse_qs, urlsplit

BELOW_WORKSPACE = re.compile(r".*?/(?:workspaces|locations)/[^/]+/?", re.IGNORECASE)
ROW = re.compile(r"/[^/]+/(\$?\w+)(\(.*\))?$")


def arm(url: str) -> str:
    """The collections that an ARM resource is in, and the action if there is one.

    Below the workspace, ARM's paths alternate between collection and name; a scoring address of the
    emulator is no ARM path and counts as `score`.
    """
    path = urlsplit(url).path
    if path.endswith("/score"):
        return "score"
    return "/".join(BELOW_WORKSPACE.sub("", path).split("/")[::2]) or "workspace"


def table(url: str) -> str:
    """The table, and whether one row is meant or a query; a transaction hides its tables."""
    path = urlsplit(url).path
    match = ROW.fullmatch(path)
    if match is None or match[1] == "$batch":
        return "transaction"
    if match[1] == "Tables":
        return "make a table"
    kind = {None: "insert", "()": "query"}.get(match[2], "one row")
    return f"{match[1]}, {kind}"


def blob(url: str) -> str:
    """The account, and whether a blob or something about it is meant."""
    parts = urlsplit(url)
    account = parts.path.split("/")[1]
    comp = parse_qs(parts.query).get("comp", ["content"])[0]
    return f"{account}, {comp}"


def is_content_read(method: str, url: str) -> bool:
    """Whether a blob request takes a blob's content, rather than a list or properties."""
    query = parse_qs(urlsplit(url).query)
    return method == "GET" and "comp" not in query and "restype" not in query
