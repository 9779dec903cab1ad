"""Which requests for a link are a person's, as far as they tell."""

import pytest

from shared.domain.fetch import FetchKind, kind_of

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
CUBOT = (
    "Mozilla/5.0 (Linux; Android 11; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Mobile Safari/537.36"
)
EDGE = f"{CHROME} Edg/131.0.0.0"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
OUTLOOK = (
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; "
    "Microsoft Outlook 16.0.17328; ms-office; MSOffice 16)"
)


@pytest.mark.parametrize("agent", [CHROME, IPHONE, CUBOT, EDGE, FIREFOX])
def test_a_browser_is_a_person(agent: str) -> None:
    kind, why = kind_of("GET", {"user-agent": agent})
    assert kind is FetchKind.PERSON
    assert why == agent[:120]


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; SafeLinks/1.0)",
        "Mozilla/5.0 (Windows NT 10.0) BarracudaCentral/1.0",
        "Mozilla/5.0 (compatible; Proofpoint URLDefense/2.0)",
        "Mozilla/5.0 (compatible; Mimecast)",
        OUTLOOK,
        "Microsoft Office Existence Discovery",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        CHROME.replace("Chrome/", "HeadlessChrome/"),
        "python-requests/2.32.3",
        "curl/8.5.0",
        "Wget/1.21.4",
        "Go-http-client/2.0",
    ],
)
def test_a_program_that_says_so_is_none(agent: str) -> None:
    assert kind_of("GET", {"user-agent": agent}) == (FetchKind.AUTOMATIC, agent[:120])


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PROPFIND"])
def test_nor_is_what_does_not_get(method: str) -> None:
    assert kind_of(method, {"user-agent": CHROME}) == (FetchKind.AUTOMATIC, method)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "Prefetch"),
        ("x-moz", "prefetch"),
    ],
)
def test_nor_is_a_browser_ahead_of_a_person(header: str, value: str) -> None:
    found = kind_of("GET", {"user-agent": CHROME, header: value})
    assert found == (FetchKind.AUTOMATIC, "prefetch")


@pytest.mark.parametrize("headers", [{}, {"user-agent": ""}, {"user-agent": " \t\r\n\x00"}])
def test_nor_is_what_says_nothing(headers: dict[str, str]) -> None:
    assert kind_of("GET", headers) == (FetchKind.AUTOMATIC, "no User-Agent")


def test_what_is_kept_is_short_and_of_one_line_and_all_is_looked_at() -> None:
    kind, why = kind_of("GET", {"user-agent": "x\r\n" * 200 + "HeadlessChrome"})
    assert (kind, why) == (FetchKind.AUTOMATIC, "x" * 120)
