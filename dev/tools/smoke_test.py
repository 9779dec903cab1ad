"""Asks a deployed app whether it lives, and whether what has to be closed is closed.

    python3 -m dev.tools.smoke_test https://func-….azurewebsites.net [SECONDS]

SECONDS is how long the app may take to come up (300): a new one starts cold, and roles take
effect late.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PAUSE_SECONDS = 5.0
FORGED = "/api/approvals/diabetes-1-0123456789.1.1.1.0.0123456789abcdef.AAAAAA." + "A" * 43
"""Looks like the link in a mail, and is signed by nobody."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    what: str
    passed: bool
    found: str


def ask(url: str, method: str = "GET") -> tuple[int, str]:
    """Status and text of an answer; 0 and why where there is none."""
    try:
        with urlopen(Request(url, method=method), timeout=60) as answer:  # noqa: S310 (main takes http alone)
            return answer.status, answer.read().decode("utf-8", "replace")
    except HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")
    except (OSError, HTTPException) as error:
        return 0, str(getattr(error, "reason", error))


def wait_for_health(base: str, seconds: float) -> Check:
    """Whether the app and all that it depends on answer within a time."""
    what = "the app and what it depends on answer"
    ends = time.monotonic() + seconds
    while True:
        status, text = ask(f"{base}/api/health")
        if status == 200:
            return Check(what, True, "200")
        found = f"{status}: {' '.join(text.split())[:400]}"
        if time.monotonic() >= ends:
            return Check(what, False, found)
        print(f"waiting for {base}/api/health: {found}")  # noqa: T201 (its result is what it prints)
        time.sleep(PAUSE_SECONDS)


def closed(base: str) -> list[Check]:
    """Whether strangers are kept out."""
    rules = [
        ("programs need a key", "GET", "/api/releases", {401}),
        ("a link that nobody signed opens nothing", "GET", FORGED, {404}),
        ("nor does it decide anything", "POST", FORGED, {404, 415}),
        ("the engine is closed", "GET", "/runtime/webhooks/durabletask/instances", {401, 404}),
    ]
    checks = []
    for what, method, path, statuses in rules:
        status, _ = ask(base + path, method)
        checks.append(Check(what, status in statuses, str(status)))
    if base.startswith("https://"):
        status, _ = ask(f"http://{base.removeprefix('https://')}/api/releases")
        # led to HTTPS, where the key is missed, or refused
        checks.append(Check("plain HTTP serves nothing", status in (0, 401, 403), str(status)))
    return checks


def main(arguments: Sequence[str]) -> int:
    """0 where all is as it has to be."""
    is_understood = 1 <= len(arguments) <= 2 and arguments[0].startswith(("https://", "http://"))
    if not is_understood or (len(arguments) == 2 and not arguments[1].isdecimal()):
        print((__doc__ or "").strip(), file=sys.stderr)  # noqa: T201
        return 2
    base = arguments[0].rstrip("/")
    seconds = float(arguments[1]) if len(arguments) == 2 else 300.0
    checks = [wait_for_health(base, seconds), *closed(base)]
    for check in checks:
        got = "" if check.passed else f" (got {check.found})"
        print(f"{'ok  ' if check.passed else 'FAIL'} {check.what}{got}")  # noqa: T201
    return 0 if all(check.passed for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
