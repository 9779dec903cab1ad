"""A mail scanner opens every link, runs scripts and submits every form: nothing is decided."""

from typing import Any

import pytest
import requests
from playwright.sync_api import Page
from requests.adapters import HTTPAdapter

from dev.approver import Approver, PageForm
from tests.browser.scenarios import person
from tests.e2e.pipelines import approver_of
from tests.e2e.stacks import Stack
from tests.e2e.workspaces import eventually

SCENARIO = "b-scanned"
SCANNER = {"User-Agent": "Mozilla/5.0 (compatible; SafeLinks; mail scanner)"}
JUNK = ("", "1", "test", "SafeLinks")


class From(HTTPAdapter):
    """Sends from one of this machine's loopback addresses."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 (as requests)
        """As requests does, with an address to come from."""
        super().init_poolmanager(*args, **options, source_address=(self._address, 0))


@pytest.fixture(scope="module")
def waiting(stack: Stack) -> dict[str, Any]:
    """A release that waits for two people."""
    release_id = stack.release_of(SCENARIO)
    stack.link(SCENARIO)
    return stack.release(release_id)


def test_a_scanner_decides_nothing_and_is_seen(
    stack: Stack, page: Page, waiting: dict[str, Any]
) -> None:
    people = [approver_of(SCENARIO), person("second", SCENARIO)]
    links = [_link(stack, who) for who in people]
    for link in links:
        for _ in range(10):
            for method in ("GET", "HEAD", "OPTIONS"):
                assert requests.request(method, link, headers=SCANNER, timeout=30).ok
        page.goto(link)  # a browser that runs scripts, were there any
        page.evaluate("() => document.forms[0].submit()")
        page.wait_for_load_state()
        _submit_everything(link)
    after = stack.release(waiting["id"])
    assert after["decisions"] == []
    assert after["last_event"] == waiting["last_event"]
    assert after["state"] == "Waiting"
    seen = {(each["person"], each["kind"]) for each in after["fetches"]}
    assert {(who, "automatic") for who in people} <= seen
    # it has guessed codes from the people's own address: from there even the right one must wait
    for address, status in (("127.0.0.1", 429), ("127.0.0.2", 200)):
        answers = [_decide(stack, who, address) for who in people]
        assert [answer.status_code for answer in answers] == [status] * 2, address
    stack.succeeded(waiting["id"])


def _link(stack: Stack, who: str) -> str:
    approver = Approver(stack.facts, who)
    return eventually(lambda: next(iter(approver.links()), None), f"a mail to {who}")


def _decide(stack: Stack, who: str, address: str) -> requests.Response:
    """Approve as the mail says, from an address of this machine."""
    approver = Approver(stack.facts, who)
    link = approver.links()[0]
    browser = requests.Session()
    browser.mount("http://", From(address))
    fields = PageForm(browser.get(link, timeout=30).text).fields
    told = {"version": approver.version(link), "code": approver.code(link)}
    spoofed = {"X-Forwarded-For": "203.0.113.7"}
    data = {**fields, **told, "choice": "approve"}
    return browser.post(link, data=data, headers=spoofed, timeout=30)


def _submit_everything(link: str) -> None:
    """Submit the page's form as it stands, with every choice, and with words that fit no one."""
    form = PageForm(requests.get(link, headers=SCANNER, timeout=30).text)
    for choice in ("", *form.offered["choice"]):
        for junk in JUNK:
            texts = dict.fromkeys(("code", "comment", "effective_at"), junk)
            answer = requests.post(
                link, data={**form.fields, **texts, "choice": choice}, headers=SCANNER, timeout=30
            )
            assert answer.status_code in (400, 429)
