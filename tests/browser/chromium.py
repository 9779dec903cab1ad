"""Finding the browser of this machine and starting it so that it reaches nothing but loopback."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "there is no Chromium: install it (Debian: apt-get install chromium), or name it in CHROMIUM"
)
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--no-first-run",
)


def find() -> str | None:
    """The program: what `CHROMIUM` names, else one on the path, else Playwright's own."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        with sync_playwright() as playwright:
            found = shutil.which(playwright.chromium.executable_path)
    return found


@contextmanager
def running(program: str) -> Iterator[Browser]:
    """The browser, with a new and empty profile.

    Root has no sandbox, and pages here are our own. While it runs, this thread has an event loop
    that runs: no test that is a coroutine can run meanwhile.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, chromium_sandbox=False, args=FLAGS
        )
        yield browser
        browser.close()


def user_agent(browser: Browser) -> str:
    """How the browser names itself when people use it; headless, it says that it is a program."""
    system = "X11; Linux x86_64"
    engine = f"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{browser.version} Safari/537.36"
    return f"Mozilla/5.0 ({system}) {engine}"
