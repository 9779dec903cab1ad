"""The pages that stand whatever is decided: a dead link, signing in, the mailbox."""

import json
from pathlib import Path

import pytest
from azure.communication.email import EmailClient
from azure.core.credentials import AzureKeyCredential
from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations
from tests.browser.conftest import NewPage, Shoot
from tests.browser.looks import PHONE_AT_NIGHT
from tests.e2e.stacks import Stack
from tests.emulators.mailbox.support import mail

ADA = "ada@modelgate.example"


@pytest.fixture
def nowhere(stack: Stack) -> str:
    """A link that is good for nothing."""
    return f"{stack.facts['functions']}/api/approvals/x"


def send_mail(stack: Stack, subject: str, link: str) -> None:
    """Send Ada a mail with a link in both of its parts."""
    memory = json.loads((Path(stack.facts["state_dir"]) / "stack.json").read_text())
    content = {
        "subject": subject,
        "plainText": f"Open {link}",
        "html": f'<html lang="en"><body><a href="{link}">Open</a></body></html>',
    }
    key = AzureKeyCredential(memory["mail_key"])
    with EmailClient(stack.facts["mailbox"], key) as client:
        client.begin_send(mail(content=content, recipients={"to": [{"address": ADA}]}))


def test_axe_sees_what_is_wrong_in_every_look(page: Page) -> None:
    page.set_content(
        """<html lang="en"><title>t</title>
        <style>@media (prefers-color-scheme: dark) { p { color: #777; background: #666; } }</style>
        <p>Grey</p><input><div style="width: 500px">Wide</div></html>"""
    )
    found = [line.partition(": ") for line in find_violations(page)]
    told = {(look, words.partition(":")[0]) for look, _, words in found}
    assert told == {
        *((look, "label") for look in ("360-light", "360-dark", "1100-light", "1100-dark")),
        *((look, "color-contrast") for look in ("360-dark", "1100-dark")),
        *((look, "reflow") for look in ("360-light", "360-dark")),
    }


def test_a_link_that_leads_nowhere_says_so(page: Page, nowhere: str, shoot: Shoot) -> None:
    answer = page.goto(nowhere)
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator("form, script").count() == 0
    assert find_violations(page) == []
    shoot(page, "link-leads-nowhere")


def test_signing_in_works_by_keyboard_and_leads_where_one_wanted_to_go(
    page: Page, stack: Stack, shoot: Shoot
) -> None:
    base = stack.facts["functions"]
    page.goto(f"{base}/.auth/login/aad?post_login_redirect_uri=/.auth/me")
    assert find_violations(page) == []
    shoot(page, "sign-in", PHONE_AT_NIGHT)
    page.keyboard.press("Tab")
    page.keyboard.type(ADA)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/.auth/me")
    (me,) = json.loads(page.inner_text("body"))
    assert me["user_id"] == ADA
    page.goto(f"{base}/.auth/logout")
    expect(page.get_by_role("heading", level=1)).to_have_text("You have signed out")
    assert page.request.get(f"{base}/.auth/me").status == 401


def test_people_do_not_share_a_session(new_page: NewPage, stack: Stack) -> None:
    one, other = new_page(), new_page(java_script_enabled=False)
    login = f"{stack.facts['functions']}/.auth/login/aad?post_login_redirect_uri=/.auth/me"
    for page, address in ((one, ADA), (other, "grace@modelgate.example")):
        page.goto(login)
        page.get_by_label("Mail address").fill(address)
        page.get_by_role("button", name="Sign in").click()
    one.reload()
    assert ADA in one.inner_text("body")
    assert "grace@" in other.inner_text("body")


def test_a_mail_in_the_mailbox_leads_to_its_page(page: Page, stack: Stack, nowhere: str) -> None:
    subject = "Nothing to decide"
    send_mail(stack, subject, nowhere)
    page.goto(f"{stack.facts['mailbox']}/?to={ADA}")
    page.get_by_role("link", name=subject).click()
    assert find_violations(page) == []
    in_the_mail = page.frame_locator("iframe").get_by_role("link")
    for link in (page.get_by_role("link", name=nowhere), in_the_mail):
        with page.expect_popup() as opened:
            link.click()
        assert opened.value.url == nowhere
        expect(opened.value.get_by_role("heading", level=1)).to_be_visible()
