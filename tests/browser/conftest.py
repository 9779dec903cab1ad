"""A stack where people sign in, a real browser, and what is saved of what it shows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.browser import chromium, scenarios
from tests.browser.looks import DESK, Look
from tests.e2e.pipelines import write
from tests.e2e.stacks import Stack
from tests.e2e.starting import running
from tests.missing import do_without

PATIENCE_MS = 15_000
TOP_PIXELS = 900
"""How much of a long page its beginning is."""

type NewPage = Callable[..., Page]
type Shoot = Callable[..., None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let pictures be made: `pytest tests/browser --screenshots FOLDER`."""
    parser.addoption("--screenshots", type=Path, help="folder where pictures of pages are saved")


@pytest.fixture(scope="session")
def pictures(pytestconfig: pytest.Config) -> Path | None:
    """Where pictures go; None where none are made."""
    folder: Path | None = pytestconfig.getoption("--screenshots", default=None)
    return folder


@pytest.fixture(scope="session")
def program(pictures: Path | None) -> str:
    """The browser's program. It may be missing, but not where pictures are to be made."""
    found = chromium.find()
    if found is None and pictures:
        pytest.fail(chromium.MISSING)
    return found or do_without(chromium.MISSING)


@pytest.fixture(scope="session")
def stack(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with a pipeline for each scenario, and App Service Authentication before it."""
    assert program, "without a browser none is started"
    pipelines = write(tmp_path_factory.mktemp("pipelines"), scenarios.PIPELINES)
    with running(tmp_path_factory.mktemp("stack"), pipelines, "--sign-in") as started:
        yield started


@pytest.fixture(scope="module")
def browser(program: str) -> Iterator[Browser]:
    """The browser, for one file: the next file's tests may be coroutines."""
    with chromium.running(program) as browser:
        yield browser


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens an empty page for another person, who shares no cookie with anybody.

    Its arguments are those of Playwright's `new_context`. When the test is over, no page may have
    shown anything that its own Content-Security-Policy forbids.
    """
    refused: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            refused.append(message.text)

    def new(**options: Any) -> Page:  # noqa: ANN401 (what Playwright takes)
        defaults = {"user_agent": chromium.user_agent(browser), "locale": "en-GB"}
        context = browser.new_context(**{**defaults, **options})
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", listen)
        page = context.new_page()
        DESK.show(page)
        return page

    yield new
    for context in browser.contexts:
        context.close()
    assert refused == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """An empty page."""
    return new_page()


@pytest.fixture
def shoot(pictures: Path | None) -> Shoot:
    """Saves a picture of a whole page where pictures are made: `shoot(page, "mail", PHONE)`.

    With `top` also one of its beginning.
    """

    def save(page: Page, name: str, look: Look = DESK, *, top: bool = False) -> None:
        if pictures is not None:
            look.show(page, height=1)  # no taller than the page
            page.screenshot(path=pictures / f"{name}.png", full_page=True)
            if top:
                page.screenshot(
                    path=pictures / f"{name}-top.png",
                    full_page=True,
                    clip={"x": 0, "y": 0, "width": look.width, "height": TOP_PIXELS},
                )
            DESK.show(page)

    return save
