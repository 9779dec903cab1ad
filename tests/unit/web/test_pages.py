"""What holds for every page: it is private, without scripts, and readable for everybody."""

import base64
import itertools
import re
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import pytest

from shared.domain.evidence import Check, Comparison, Difference, Skipped
from shared.domain.policy import Freeze
from shared.domain.release import ModelVersion, Outcome, Probe, ReleaseId
from shared.web.http import Response
from shared.web.render import TEMPLATES
from tests.unit.web.browsing import filled, look, page, say, send, words
from tests.unit.web.outline import Outline
from tests.unit.web.samples import BERLIN, CURRENT, FULL, HOSTILE, MAX, QUORUM
from tests.unit.web.support import (
    ADA,
    GRACE,
    MODEL,
    POLICY,
    Desk,
    waiting,
)

STATUSES = [200, 404, 400, 200, 409, 200, 200, 200, 410, 410, 200, 403, 503, 410, 429]


def every_page() -> list[Response]:
    desk = waiting(BERLIN, **FULL, changed_since=(Difference("tags.a", "1", "2"),))
    rival = Desk(desk.world, ModelVersion(MODEL.name, "30"))
    rival.pass_qa()
    rival.ask(BERLIN)
    desk.update(policy=replace(BERLIN, required=2))
    form = filled(desk, "approve")
    wrong = form | {"choice": "defer", "effective_at": "soon", "version": "", "code": "no"}
    pages = [
        look(desk),
        look(desk, token="nonsense"),
        send(desk, wrong),
        send(desk, form | {"comment": "Go."}),
        send(desk, form),
        look(desk),
        look(desk, MAX),
        say(desk, "reject", GRACE, comment="No."),
    ]
    old = desk.token()
    desk.update(used=True)
    pages.append(look(desk))
    desk.ask(replace(QUORUM, require_sign_in=True))
    pages += [look(desk, token=old), look(desk), say(desk, "approve")]
    desk.world.store.faults.add("decisions")
    pages.append(look(desk))
    desk.end(Outcome.ERRORED, "Azure did not answer.")
    pages.append(look(desk, GRACE))
    for _ in range(30):
        look(desk, token="nonsense")
    pages.append(look(desk, token="nonsense"))
    assert [each.status for each in pages] == STATUSES
    return pages


PAGES = every_page()


def test_every_page_carries_the_headers_that_keep_it_private() -> None:
    for response in PAGES:
        headers = response.headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "noindex" in headers["X-Robots-Tag"]
        policy = headers["Content-Security-Policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert {"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert not any("unsafe" in rule or "script" in rule for rule in policy)


def test_the_policy_lets_in_exactly_the_style_of_the_page() -> None:
    for response in PAGES:
        styles = re.findall(r"<style>(.*?)</style>", str(response.body), re.DOTALL)
        digests = [base64.b64encode(sha256(style.encode()).digest()).decode() for style in styles]
        assert len(digests) == 1
        assert f"style-src 'sha256-{digests[0]}'" in response.headers["Content-Security-Policy"]


def test_no_page_has_scripts_or_reaches_elsewhere() -> None:
    for response in PAGES:
        outline = Outline(str(response.body))
        assert not outline.names() & {"script", "img", "link", "iframe", "object", "base"}
        for _, attributes in outline.tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            href = attributes.get("href") or "#"
            assert href.startswith(("#", "/api/approvals/", "/.auth/"))
            assert "action" not in attributes


def test_pages_have_a_language_one_first_heading_and_ids_that_exist() -> None:
    for response in PAGES:
        outline = Outline(str(response.body))
        assert outline.all("html") == [{"lang": "en"}]
        assert len(outline.all("h1")) == len(outline.all("main")) == len(outline.all("header")) == 1
        ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        for _, attributes in outline.tags:
            for name in ("aria-labelledby", "aria-describedby", "for"):
                assert set((attributes.get(name) or "").split()) <= set(ids)
            href = attributes.get("href") or ""
            assert not href.startswith("#") or href[1:] in ids


def test_headings_leave_no_level_out() -> None:
    for response in PAGES:
        levels = [int(level) for level in re.findall(r"<h([1-6])", str(response.body))]
        assert levels[0] == 1
        assert all(next_ - level <= 1 for level, next_ in itertools.pairwise(levels))


def test_every_section_and_every_field_has_a_name() -> None:
    for response in PAGES:
        outline = Outline(str(response.body))
        labelled = {label["for"] for label in outline.all("label")}
        for tag in ("input", "select", "textarea"):
            for field in outline.all(tag):
                assert field.get("type") == "hidden" or field["id"] in labelled
        for section in [*outline.all("section"), *outline.all("form")]:
            assert section.keys() & {"aria-label", "aria-labelledby"}
        assert len(outline.all("fieldset")) == len(outline.all("legend"))


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name() -> None:
    for scrolling in Outline(str(PAGES[0].body)).all("pre"):
        assert (scrolling["tabindex"], scrolling["role"]) == ("0", "region")
        assert scrolling["aria-label"]


def test_no_line_of_a_template_ends_in_a_block_that_swallows_the_space_after_it() -> None:
    for path in TEMPLATES.rglob("*.html"):
        lines = path.read_text("utf-8").splitlines()
        for line, following in itertools.pairwise(lines):
            ends_in_block = line.endswith("%}") and not line.lstrip().startswith(("{%", "}"))
            assert not ends_in_block or following.startswith("{%"), (path.name, line)


def test_what_people_wrote_stays_text_on_every_page() -> None:
    policy = replace(
        BERLIN,
        required=2,
        instructions=HOSTILE,
        names={ADA: HOSTILE},
        freezes=(Freeze(BERLIN.freezes[0].begins_at, BERLIN.freezes[0].ends_at, HOSTILE),),
    )
    desk = waiting(
        policy,
        description=HOSTILE,
        tags={HOSTILE: HOSTILE},
        properties={HOSTILE: HOSTILE},
        model_type=HOSTILE,
        registered_by=HOSTILE,
        probes={"qa": Probe(500, 0.1, (HOSTILE,))},
        configuration={"endpoint": HOSTILE, "workspace": {"name": HOSTILE}, HOSTILE: [HOSTILE]},
        schema={HOSTILE: HOSTILE},
        current=replace(CURRENT, deployment=HOSTILE, source=ModelVersion("m", HOSTILE)),
        comparisons=(
            Comparison(
                HOSTILE,
                FULL["comparisons"][0].candidate,
                None,
                note=HOSTILE,
                differences=(Difference(HOSTILE, HOSTILE, {HOSTILE: HOSTILE}),),
                difference_count=1,
            ),
        ),
        changes=(
            Difference(f"tags.{HOSTILE}", HOSTILE, HOSTILE * 9),
            Difference(f"files.{HOSTILE}", None, {"size": 1}),
            Difference(HOSTILE, None, HOSTILE),
            Difference(f"metrics.{HOSTILE}", 1, 2),
        ),
        changes_note=HOSTILE,
        skipped=(Skipped(HOSTILE, None, ReleaseId("x"), Outcome.REJECTED, HOSTILE, (HOSTILE,)),),
        checks=(Check(HOSTILE, None, HOSTILE),),
        changed_since=(Difference(HOSTILE, HOSTILE, HOSTILE),),
    )
    question = look(desk)
    desk.update(degraded=(HOSTILE,), unprobed=HOSTILE)
    degraded = look(desk)
    mended = send(desk, filled(desk, "reject", version=HOSTILE, code=HOSTILE, comment=HOSTILE))
    desk.update(degraded=())
    form = filled(desk, "approve", comment=HOSTILE)
    confirmed = send(desk, form)
    repeated = send(desk, form)
    desk.end(Outcome.REJECTED, HOSTILE)
    ended = look(desk)
    for response in (question, degraded, mended, confirmed, repeated, ended):
        outline = Outline(page(response))
        assert not {"script", "img"} & outline.names()
        assert "&lt;script&gt;alert(1)" in page(response)
        assert "49" not in words(response)
        assert "&amp;lt;" not in page(response)


def test_texts_from_right_to_left_do_not_turn_what_is_beside_them() -> None:
    arabic = "نموذج 31"
    desk = waiting(
        replace(POLICY, instructions=arabic),
        description=arabic,
        tags={arabic: arabic},
        current=CURRENT,
        changes=(Difference(f"tags.{arabic}", arabic, arabic),),
    )
    html = page(look(desk))
    before = [html[: found.start()].rpartition("<")[2] for found in re.finditer(arabic, html)]
    assert len(before) >= 7
    assert all('dir="auto"' in tag or tag.startswith("bdi") for tag in before)


def test_what_turns_the_direction_of_reading_is_made_visible() -> None:
    html = page(look(waiting(description="safe \N{RIGHT-TO-LEFT OVERRIDE}evas")))
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in html
    assert "safe [U+202E]evas" in html


def test_hundreds_of_tags_and_huge_values_are_no_trouble() -> None:
    tags = {f"tag_{number}": "x" * 10_000 for number in range(500)}
    response = look(waiting(tags=tags, description="y" * 100_000))
    html = page(response)
    assert "<summary>Tags (500)</summary>" in html
    assert "tag_499" in html
    assert "(10,000 characters)" in html
    assert len(html) < 1_500_000


@pytest.mark.parametrize(("count", "is_open"), [(8, True), (9, False)])
def test_long_lists_are_folded(count: int, is_open: bool) -> None:
    html = page(look(waiting(tags={}, properties={f"name_{n}": "x" for n in range(count)})))
    assert f"<summary>Properties ({count})</summary>" in html
    assert ("<details open>" in html) is is_open


STYLE = re.compile(r"--([\w-]+): (#[0-9a-f]{6})")
GROUNDS = ("ground", "card", "warn", "wrong")
CONTRASTS = [
    *[(text, ground, 4.5) for text in ("text", "quiet", "link") for ground in GROUNDS],
    *[(text, ground, 4.5) for text in ("good", "bad", "busy") for ground in ("ground", "card")],
    ("bad", "wrong", 4.5),
    ("on-act", "act", 4.5),
    ("edge", "ground", 3.0),
    ("edge", "card", 3.0),
    ("act", "card", 3.0),
    ("link", "card", 3.0),
]
"""Text, and what marks fields, buttons and focus (WCAG 2.2, 1.4.3 and 1.4.11)."""


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_have_the_contrast_that_wcag_aa_asks_for() -> None:
    light, dark = str(PAGES[1].body).split("prefers-color-scheme: dark")
    for part in (light, dark):
        colours = dict(STYLE.findall(part))
        for text, ground, least in CONTRASTS:
            one, other = sorted(luminance(colours[name]) for name in (text, ground))
            assert (other + 0.05) / (one + 0.05) >= least, (text, ground)


def test_importing_the_views_loads_no_template_engine() -> None:
    program = (
        "import sys, shared.web.approvals, shared.web.releases, shared.web.letters,"
        "shared.web.revoking;"
        "print('jinja2' in sys.modules, 'azure' in sys.modules)"
    )
    answer = subprocess.run(  # noqa: S603 (our own interpreter and program)
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["False", "False"]
    assert ADA not in answer.stderr
