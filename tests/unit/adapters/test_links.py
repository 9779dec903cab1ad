import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer

from shared.adapters.links import PURPOSE, SignedLinks
from shared.domain.names import person_key, release_id
from shared.domain.release import ModelVersion, ReleaseId
from shared.ports import Link

BASE = "https://modelgate.example"
NOW = 1_800_000_000
DAY = 86_400.0

LINKS = st.builds(
    Link,
    release_id=st.text(max_size=50).map(ReleaseId),
    stage=st.text(max_size=20),
    ask=st.integers(0, 10**6),
    approver_key=st.text(max_size=20),
)
KEYS = st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=4, unique=True)
LINK = Link(ReleaseId("diabetes-3-0123456789"), "prod", 1, person_key("ada@example.com"))
ALPHABET = string.ascii_letters + string.digits + "-_."


def links(*keys: str, now: int = NOW) -> SignedLinks:
    return SignedLinks(keys=keys or ("secret",), base_url=BASE, now=lambda: now)


def token(link: Link, *keys: str, now: int = NOW) -> str:
    return links(*keys, now=now).url(link=link).rpartition("/")[2]


@given(LINKS, KEYS)
def test_a_link_is_read_as_it_was_made(link: Link, keys: list[str]) -> None:
    assert links(*keys).read(token=token(link, *keys), max_age_seconds=DAY) == link


def test_the_url_is_short_and_names_nobody() -> None:
    longest = Link(
        release_id(
            "pipeline", ModelVersion("a-model-with-a-rather-long-name-of-its-own", "20261102"), 12
        ),
        "production-eu",
        12,
        person_key("ada@example.com"),
    )
    url = SignedLinks(keys=["secret"], base_url=BASE + "/").url(link=longest)
    assert url.startswith(BASE + "/api/approvals/")
    assert len(url.rpartition("/")[2]) < 200
    assert "ada" not in url


@given(st.data())
def test_no_altered_token_is_read(data: st.DataObject) -> None:
    good = token(LINK)
    where = data.draw(st.integers(0, len(good) - 1))
    characters = data.draw(st.text(ALPHABET, max_size=3))
    length = data.draw(st.integers(0, 3))
    altered = good[:where] + characters + good[where + length :]
    found = links().read(token=altered, max_age_seconds=DAY)
    assert found == (LINK if altered == good else None)


def test_no_other_spelling_of_the_signature_is_read() -> None:
    good = token(LINK)
    others = [good[:-1] + last for last in ALPHABET if last != good[-1]]
    others += [good + "=", good + "\n", good + "!", good[:-4] + "!" + good[-4:], " " + good]
    assert all(links().read(token=other, max_age_seconds=DAY) is None for other in others)


@given(st.text())
def test_anything_else_is_not_read(text: str) -> None:
    assert links().read(token=text, max_age_seconds=DAY) is None


def test_odd_text_is_not_read() -> None:
    for odd in ("\ud800", "." * 300, "a" * 10**6, "a.b." + "c" * 43, token(LINK) + "é"):
        assert links().read(token=odd, max_age_seconds=DAY) is None


def test_a_token_grows_old() -> None:
    made = token(LINK, now=NOW - 100)
    assert links().read(token=made, max_age_seconds=100) == LINK
    assert links().read(token=made, max_age_seconds=99.9) is None
    assert links().read(token=made, max_age_seconds=0) is None


def test_keys_rotate() -> None:
    old, both, new = links("old"), links("new", "old"), links("new")
    by_old, by_both = token(LINK, "old"), token(LINK, "new", "old")
    assert both.read(token=by_old, max_age_seconds=DAY) == LINK
    assert new.read(token=by_both, max_age_seconds=DAY) == LINK
    assert new.read(token=by_old, max_age_seconds=DAY) is None
    assert old.read(token=by_both, max_age_seconds=DAY) is None


@pytest.mark.parametrize(
    "content",
    [
        ["r", "prod", True, "k"],
        ["r", "prod", "1", "k"],
        ["r", "prod", 1],
        ["r", "prod", 1, "k", "more"],
        [None, "prod", 1, "k"],
        {"release_id": "r"},
        "text",
        None,
    ],
)
def test_signed_content_of_another_shape_is_not_read(content: object) -> None:
    mine = links()
    signed = mine._serializer.dumps(content)
    assert mine.read(token=signed, max_age_seconds=DAY) is None


def test_a_token_for_another_purpose_or_by_another_hash_is_not_read() -> None:
    content = [LINK.release_id, LINK.stage, LINK.ask, LINK.approver_key]
    mine = links()
    assert mine.read(token=mine._serializer.dumps(content), max_age_seconds=DAY) == LINK
    other_purpose = mine._serializer.dumps(content, salt=PURPOSE + "2")
    assert mine.read(token=other_purpose, max_age_seconds=DAY) is None
    sha1 = URLSafeTimedSerializer("secret", salt=PURPOSE).dumps(content)
    assert mine.read(token=sha1, max_age_seconds=DAY) is None


@pytest.mark.parametrize("keys", [[], [""], ["good", ""]])
def test_there_is_no_signing_without_a_key(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        SignedLinks(keys=keys, base_url=BASE)
