"""Holds a page, as the browser shows it, against WCAG 2.2 AA by axe-core."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.looks import DESK, LOOKS, Look

SCRIPT = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_RUN = """levels => axe.run(document, {
    runOnly: {type: "tag", values: levels}, resultTypes: ["violations"], iframes: false
})"""
"""Frames are left out: those of mails run no script, so axe-core cannot look into them."""

_OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def find_violations(page: Page) -> list[str]:
    """What is wrong with the page in every look, a line each; it is left in the first look.

    The page's own Content-Security-Policy stays in force: the script comes through the debugger.
    """
    assert SCRIPT.exists(), "axe-core is not there: run make setup"
    page.evaluate(SCRIPT.read_text("utf-8"))
    found = [line for look in LOOKS for line in _violations(page, look)]
    DESK.show(page)
    return found


def _violations(page: Page, look: Look) -> list[str]:
    look.show(page)
    answer: dict[str, Any] = page.evaluate(_RUN, LEVELS)
    lines = [
        f"{look}: {violation['id']}: {violation['help']}: {', '.join(map(str, node['target']))}"
        for violation in answer["violations"]
        for node in violation["nodes"]
    ]
    overflow = page.evaluate(_OVERFLOW)
    if overflow > 0:
        lines.append(f"{look}: reflow: the page is {overflow} px wider than the window")
    return lines
