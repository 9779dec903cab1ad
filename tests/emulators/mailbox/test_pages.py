"""The pages that people read, fetched as a browser would."""

import aiohttp
import pytest
from azure.communication.email.aio import EmailClient

from dev.emulators.mailbox.models import Draft
from dev.emulators.mailbox.pages import find_links
from tests.emulators.mailbox.support import mail

HTML = '<html><head><title>x</title></head><body><a href="http://127.0.0.1:1/a?t=1">Go</a></body></html>'


async def page(http: aiohttp.ClientSession, path: str) -> str:
    async with http.get(path) as response:
        assert response.status == 200
        return await response.text()


async def test_the_inbox_lists_the_newest_first_and_escapes(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    for subject in ("first mail", "<script>newer</script>"):
        await client.begin_send(mail(content={"subject": subject, "plainText": "x"}))
    html = await page(http, "/")
    assert html.index("&lt;script&gt;newer") < html.index("first mail")
    assert "<script" not in html
    assert 'http-equiv="refresh"' in html
    assert "first mail" not in await page(http, "/?to=nobody@example.com")


async def test_a_mail_shows_its_parts_and_links(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    content = {"subject": "Approve", "plainText": "See http://127.0.0.1:1/b.", "html": HTML}
    await client.begin_send(mail(content=content, headers={"References": "<1@example.com>"}))
    async with http.get("/messages") as response:
        (received,) = await response.json()
    path = f"/messages/{received['id']}"

    html = await page(http, path)
    assert "Ada &lt;ada@example.com&gt;" in html
    assert "&lt;1@example.com&gt;" in html
    assert 'href="http://127.0.0.1:1/a?t=1"' in html
    assert f'src="{path}/html"' in html
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in html
    assert await page(http, f"{path}/text") == "See http://127.0.0.1:1/b."


async def test_a_mails_html_runs_no_script_and_opens_its_links_outside(
    client: EmailClient, http: aiohttp.ClientSession
) -> None:
    await client.begin_send(mail(content={"subject": "Approve", "html": HTML}))
    async with http.get("/messages") as response:
        (received,) = await response.json()
    async with http.get(f"/messages/{received['id']}/html") as response:
        assert "script-src 'none'" in response.headers["Content-Security-Policy"]
        assert "allow-scripts" not in response.headers["Content-Security-Policy"]
        assert '<head><base target="_blank"><title>' in await response.text()


@pytest.mark.parametrize("path", ["/messages/none", "/messages/none/html", "/messages/none/text"])
async def test_an_unknown_mail_is_not_found(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as response:
        assert response.status == 404


def test_links_are_web_addresses_in_order_once_each() -> None:
    draft = Draft(
        *("a@example.com", (), (), (), (), "s"),
        text="http://one.example/x (http://two.example/y)",
        html='<a href="http://three.example">3</a><a href="javascript:alert(1)">bad</a>'
        '<a href="http://one.example/x">1</a>',
        headers={},
        attachments=(),
    )
    assert find_links(draft) == [
        "http://three.example",
        "http://one.example/x",
        "http://two.example/y",
    ]
