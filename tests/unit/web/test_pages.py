import base64
import re
import subprocess
import sys
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from shared.domain.release import Outcome, Probe
from shared.web.approvals import decide, show_approval
from shared.web.http import Response
from tests.unit.web.support import (
    ADA,
    DIGEST,
    GRACE,
    OPERATION,
    Desk,
    getting,
    page,
    posting,
    waiting,
)

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(2)> '{{ 7*7 }}' </textarea>"""


class Outline(HTMLParser):
    """What a page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def shown(desk: Desk) -> str:
    return page(show_approval(desk.world.services, getting(desk.token())))


def every_page() -> list[Response]:
    desk = waiting()
    services, orchestrations = desk.world.services, desk.world.orchestrations
    pages = [
        show_approval(services, getting(desk.token())),
        show_approval(services, getting("nonsense")),
        decide(services, posting(desk.token()), orchestrations),
        decide(services, posting(desk.token(), decision="approve", digest=""), orchestrations),
        decide(services, posting(desk.token(), decision="approve"), orchestrations),
        decide(services, posting(desk.token(), decision="approve"), orchestrations),
        show_approval(services, getting(desk.token(GRACE))),
    ]
    desk.end(Outcome.ERRORED, "Azure did not answer.")
    desk.world.store.faults.add("get")
    pages.append(show_approval(services, getting(desk.token())))
    pages.append(show_approval(services, getting(desk.token(GRACE))))
    assert [each.status for each in pages] == [200, 404, 400, 409, 200, 409, 200, 503, 410]
    return pages


def test_every_page_carries_the_headers_that_keep_it_private() -> None:
    for response in every_page():
        headers = response.headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "noindex" in headers["X-Robots-Tag"]
        policy = headers["Content-Security-Policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert {"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert not any("unsafe" in rule or "script" in rule for rule in policy)


def test_the_policy_lets_in_exactly_the_style_of_the_page() -> None:
    for response in every_page():
        styles = re.findall(r"<style>(.*?)</style>", str(response.body), re.DOTALL)
        digests = [base64.b64encode(sha256(style.encode()).digest()).decode() for style in styles]
        assert len(digests) == 1
        assert f"style-src 'sha256-{digests[0]}'" in response.headers["Content-Security-Policy"]


def test_no_page_has_scripts_or_reaches_elsewhere() -> None:
    for response in every_page():
        outline = Outline(str(response.body))
        names = {name for name, _ in outline.tags}
        assert not names & {"script", "img", "link", "iframe", "object", "base"}
        for _, attributes in outline.tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            assert (attributes.get("href") or "#").startswith("#")
            assert "action" not in attributes


def test_what_people_wrote_stays_text() -> None:
    desk = waiting(
        description=HOSTILE,
        tags={HOSTILE: HOSTILE},
        properties={HOSTILE: HOSTILE},
        model_type=HOSTILE,
        registered_by=HOSTILE,
        probes={"qa": Probe(200, 0.1, (HOSTILE,))},
        configuration={"endpoint": HOSTILE, "workspace": {"name": HOSTILE}, HOSTILE: [HOSTILE]},
    )
    services, orchestrations = desk.world.services, desk.world.orchestrations
    question = shown(desk)
    mended = page(decide(services, posting(desk.token(), comment=HOSTILE), orchestrations))
    said = posting(desk.token(), decision="reject", comment=HOSTILE)
    confirmed = page(decide(services, said, orchestrations))
    repeated = page(decide(services, said, orchestrations))
    desk.end(Outcome.REJECTED, HOSTILE)
    ended = shown(desk)
    for html in (question, mended, confirmed, repeated, ended):
        assert not {"script", "img"} & {name for name, _ in Outline(html).tags}
        assert "&lt;script&gt;alert(1)" in html
        assert "49" not in html
        assert "&amp;lt;" not in html


def test_the_page_says_what_an_approver_has_to_know() -> None:
    html = shown(waiting())
    text = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    for words in (
        "Approve diabetes-automl version 31 for prod?",
        "Pipeline diabetes.",
        "Answer until 3 Nov 2026, 09:00 UTC : 1 day left",
        "Compare the probe with the last version&#39;s.",
        "Passed : 200 in 52 ms",
        "api-diabetes-qa",
        "v31-0badcafe",
        "copied to workspace wk-prod",
        "diabetes-automl-production version 31",
        "endpoint api-diabetes-prod",
        "managed instances: 2 of Standard_DS3_v2",
        "What serves there now stays until the new deployment has answered",
        "data.scientist@example.com",
        "2 Nov 2026, 08:30 UTC",
        "Gradient boosting on the diabetes data.",
        "area diabetes",
        "r2_score 0.52",
        "3 (5.0 MiB)",
        "ada@example.com, grace@example.com",
        "Nobody has answered yet.",
        "You answer as ada@example.com.",
    ):
        assert words in text, words
    assert DIGEST in html


def test_neither_operation_urls_nor_values_of_variables_are_on_the_page() -> None:
    html = shown(waiting())
    assert OPERATION not in html
    assert "hunter2" not in html
    assert "API_KEY" in html


def test_a_probe_that_failed_says_why() -> None:
    html = shown(waiting(probes={"qa": Probe(500, 2.5, ("answered 500 instead of 200",))}))
    assert 'class="state failed"' in html
    assert "500 in 2.50 s" in html
    assert "answered 500 instead of 200" in html


def test_evidence_without_anything_to_say_is_no_trouble() -> None:
    html = shown(
        waiting(
            description="",
            tags={},
            properties={},
            registered_by=None,
            registered_at=None,
            probes={},
            configuration={},
        )
    )
    assert "this is the first stage" in html
    assert "not recorded" in html


@pytest.mark.parametrize(("count", "is_open"), [(8, True), (9, False)])
def test_long_lists_are_folded(count: int, is_open: bool) -> None:
    html = shown(waiting(tags={}, properties={f"metric_{n}": str(n) for n in range(count)}))
    assert f"<summary>Properties and metrics ({count})</summary>" in html
    assert ("<details open>" in html) is is_open


def test_the_form_is_labelled_and_posts_to_where_it_is() -> None:
    outline = Outline(shown(waiting()))
    assert [form["method"] for form in outline.all("form")] == ["post"]
    buttons = [(each["name"], each["value"]) for each in outline.all("button")]
    assert buttons == [("decision", "approve"), ("decision", "reject")]
    [textarea] = outline.all("textarea")
    assert textarea["id"] in {label["for"] for label in outline.all("label")}
    assert [(each["name"], each["value"]) for each in outline.all("input")] == [("digest", DIGEST)]


def test_pages_have_a_language_one_first_heading_and_ids_that_exist() -> None:
    for response in every_page():
        outline = Outline(str(response.body))
        assert outline.all("html") == [{"lang": "en"}]
        assert len(outline.all("h1")) == 1
        assert len(outline.all("main")) == 1
        ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        for _, attributes in outline.tags:
            for name in ("aria-labelledby", "aria-describedby"):
                assert set((attributes.get(name) or "").split()) <= set(ids)


def test_a_comment_that_has_to_be_mended_is_in_the_form_again() -> None:
    desk = waiting()
    request = posting(desk.token(), comment="\nR2 fell\nbadly")
    response = decide(desk.world.services, request, desk.world.orchestrations)
    assert re.search(r'aria-invalid="true">\nR2 fell\nbadly</textarea>', str(response.body))


STYLE = re.compile(r"--([\w-]+): (#[0-9a-f]{6})")
TEXT_ON_GROUND = [
    *[(text, ground) for text in ("text", "quiet", "link") for ground in ("ground", "card")],
    *[(text, ground) for text in ("good", "bad", "busy") for ground in ("ground", "card")],
    ("on-approve", "approve"),
]


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_the_contrast_that_wcag_aa_asks_for() -> None:
    html = str(every_page()[1].body)
    light, dark = html.split("prefers-color-scheme: dark")
    for part in (light, dark):
        colours = dict(STYLE.findall(part))
        for text, ground in TEXT_ON_GROUND:
            one, other = sorted(luminance(colours[name]) for name in (text, ground))
            assert (other + 0.05) / (one + 0.05) >= 4.5, (text, ground)


def test_importing_the_views_loads_no_template_engine() -> None:
    program = (
        "import sys, shared.web.approvals, shared.web.releases, shared.web.letters;"
        "print('jinja2' in sys.modules, 'azure' in sys.modules)"
    )
    answer = subprocess.run(  # noqa: S603 (our own interpreter and program)
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["False", "False"]
    assert ADA not in answer.stderr
