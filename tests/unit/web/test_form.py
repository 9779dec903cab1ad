"""The decision page's form."""

import re

from tests.unit.web.browsing import filled, look, page, send
from tests.unit.web.outline import Outline
from tests.unit.web.support import (
    ADA,
    GRACE,
    waiting,
)


def test_a_comment_that_has_to_be_mended_is_in_the_form_again() -> None:
    desk = waiting()
    response = send(desk, filled(desk, "reject", comment="\nR2 fell\nbadly", version=""))
    assert re.search(r">\nR2 fell\nbadly</textarea>", str(response.body))


def test_the_form_is_labelled_and_posts_to_where_it_is() -> None:
    outline = Outline(page(look(waiting())))
    assert [form["method"] for form in outline.all("form")] == ["post"]
    assert [button["type"] for button in outline.all("button")] == ["submit"]
    names = [field["name"] for field in outline.all("input")]
    assert names == ["nonce", "choice", "choice", "effective_at", "choice", "version", "code"]
    assert not any("checked" in field for field in outline.all("input"))
    assert not any("required" in attributes for _, attributes in outline.tags)
    fields = {field["name"]: field for field in outline.all("input")}
    assert fields["code"]["autocomplete"] == "one-time-code"
    assert fields["code"]["autocapitalize"] == "characters"
    assert (fields["version"]["type"], fields["version"]["autocomplete"]) == ("text", "off")
    assert fields["version"]["value"] == fields["code"]["value"] == ""


def test_the_label_of_the_version_does_not_tell_it() -> None:
    html = page(look(waiting()))
    part = html[html.index('<label for="version"') : html.index('<label for="code"')]
    assert "31" not in part


def test_every_page_of_a_form_has_a_nonce_of_its_own() -> None:
    desk = waiting()
    assert page(look(desk)) != page(look(desk))
    assert page(look(desk, GRACE)) != page(look(desk, ADA))
