"""Links, codes and pages' nonces: read as they were made, and by whom they were made alone."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner

from shared.adapters.links import CODE_ALPHABET, LINK, SignedLinks
from shared.domain.names import release_ids
from shared.domain.release import ModelVersion, ReleaseId
from shared.ports import DIGEST_LENGTH, Link
from shared.web.http import RELEASE_ID
from tests.unit.adapters.support import ASKED, BASE, DAY, NOW, links, token

PLACES = st.integers(0, 999_999)
LINKS = st.builds(
    Link,
    release_id=st.from_regex(RELEASE_ID, fullmatch=True).map(ReleaseId),
    stage=PLACES,
    ask=PLACES,
    series=PLACES,
    person=PLACES,
    digest=st.text("0123456789abcdef", min_size=DIGEST_LENGTH, max_size=DIGEST_LENGTH),
)
KEYS = st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=4, unique=True)
ALPHABET = string.ascii_letters + string.digits + "-_."


@given(LINKS, KEYS)
def test_a_link_is_read_as_it_was_made(link: Link, keys: list[str]) -> None:
    assert links(*keys).read(token=token(link, *keys), max_age_seconds=DAY) == link


@given(LINKS, KEYS, st.integers(0, 999_999))
def test_a_page_and_a_code_are_read_as_they_were_made(
    link: Link, keys: list[str], revision: int
) -> None:
    mine = links(*keys)
    nonce = mine.nonce(link=link, revision=revision)
    assert mine.read_nonce(link=link, nonce=nonce, max_age_seconds=DAY) == revision
    assert mine.is_code(link=link, given=mine.code(link=link))


def test_the_token_is_short() -> None:
    longest = Link(ReleaseId("a" * 80), 99, 999, 99, 99, "0" * DIGEST_LENGTH)
    assert len(token(longest)) < 160
    usual = release_ids("diabetes", ModelVersion("diabetes-regression-gradient-boosted", "17"), 12)[
        0
    ]
    assert len(token(Link(usual, 1, 1, 1, 2, "0" * DIGEST_LENGTH))) < 140


def test_the_url_is_at_the_apps_own_address() -> None:
    url = SignedLinks(keys=["secret"], base_url=BASE + "/").url(link=ASKED)
    assert url.startswith(f"{BASE}/api/approvals/{ASKED.release_id}.")


@pytest.mark.parametrize("release", ["", "a" * 81, "UPPER", "a.b", "a/b", "a\n", "é"])
def test_no_link_is_made_of_what_is_no_release(release: str) -> None:
    with pytest.raises(ValueError, match="no link is made"):
        token(Link(ReleaseId(release), 1, 1, 1, 0, "0" * DIGEST_LENGTH))


def test_no_other_spelling_is_read() -> None:
    good = token(ASKED)
    others = [good[:-1] + last for last in ALPHABET if last != good[-1]]
    others += [good + "=", good + "\n", good + "!", good[:-4] + "!" + good[-4:], " " + good]
    others += [good.replace(".1.", ".01.", 1), good.replace(".1.", ".+1.", 1), good.upper()]
    assert all(links().read(token=other, max_age_seconds=DAY) is None for other in others)


@pytest.mark.parametrize(
    "content",
    [
        "r.1.1.1.0",
        f"r.01.1.1.0.{'0' * DIGEST_LENGTH}",
        f"r.1.1.1.-1.{'0' * DIGEST_LENGTH}",
        f"r.1.1.1.0.{'0' * DIGEST_LENGTH}.more",
        f"r.1.1.1.0.{'G' * DIGEST_LENGTH}",
        f"r.1.1.1.1_0.{'0' * DIGEST_LENGTH}",
        f"r.1.1.1.٣.{'0' * DIGEST_LENGTH}",
        "",
    ],
)
def test_signed_content_of_another_shape_is_not_read(content: str) -> None:
    mine = links()
    signed = mine._links.sign(content).decode()
    assert mine.read(token=signed, max_age_seconds=DAY) is None


def test_a_token_by_another_hash_is_not_read() -> None:
    content = token(ASKED).rsplit(".", 2)[0]
    sha1 = TimestampSigner("secret", salt=LINK, key_derivation="hmac").sign(content).decode()
    assert links().read(token=sha1, max_age_seconds=DAY) is None


@given(st.text())
def test_anything_else_is_not_read(text: str) -> None:
    assert links().read(token=text, max_age_seconds=DAY) is None
    assert links().read_nonce(link=ASKED, nonce=text, max_age_seconds=DAY) is None
    assert not links().is_code(link=ASKED, given=text)


@pytest.mark.parametrize("odd", ["\ud800", "." * 300, "a" * 10**6, "a.b." + "c" * 43, "é"])
def test_odd_text_is_not_read(odd: str) -> None:
    for text in (odd, token(ASKED) + odd):
        assert links().read(token=text, max_age_seconds=DAY) is None
        assert links().read_nonce(link=ASKED, nonce=text, max_age_seconds=DAY) is None
        assert not links().is_code(link=ASKED, given=text)


def test_tokens_and_pages_grow_old() -> None:
    made = links(now=NOW - 100)
    old, nonce = token(ASKED, now=NOW - 100), made.nonce(link=ASKED, revision=2)
    assert links().read(token=old, max_age_seconds=100) == ASKED
    assert links().read_nonce(link=ASKED, nonce=nonce, max_age_seconds=100) == 2
    for seconds in (99.9, 0):
        assert links().read(token=old, max_age_seconds=seconds) is None
        assert links().read_nonce(link=ASKED, nonce=nonce, max_age_seconds=seconds) is None


def test_keys_rotate() -> None:
    old, both, new = links("old"), links("new", "old"), links("new")
    by_old, by_both = token(ASKED, "old"), token(ASKED, "new", "old")
    assert both.read(token=by_old, max_age_seconds=DAY) == ASKED
    assert new.read(token=by_both, max_age_seconds=DAY) == ASKED
    assert new.read(token=by_old, max_age_seconds=DAY) is None
    assert old.read(token=by_both, max_age_seconds=DAY) is None


def test_codes_and_pages_that_are_out_outlive_a_rotation() -> None:
    old, both, new = links("old"), links("new", "old"), links("new")
    nonce = old.nonce(link=ASKED, revision=0)
    assert both.read_nonce(link=ASKED, nonce=nonce, max_age_seconds=DAY) == 0
    assert new.read_nonce(link=ASKED, nonce=nonce, max_age_seconds=DAY) is None
    assert both.is_code(link=ASKED, given=old.code(link=ASKED))
    assert both.code(link=ASKED) == new.code(link=ASKED) != old.code(link=ASKED)
    assert not new.is_code(link=ASKED, given=old.code(link=ASKED))


def test_every_page_has_another_nonce() -> None:
    assert len({links().nonce(link=ASKED, revision=0) for _ in range(50)}) == 50


@given(LINKS)
def test_a_code_is_two_groups_of_four_without_look_alikes(link: Link) -> None:
    first, second = links().code(link=link).split("-")
    assert len(first) == len(second) == 4
    assert set(first + second) <= set(CODE_ALPHABET)
    assert not set("ILOU") & set(CODE_ALPHABET)


@given(LINKS)
def test_a_code_is_taken_as_people_type_it(link: Link) -> None:
    mine = links()
    code = mine.code(link=link)
    bare = code.replace("-", "")
    spelled = [
        code.lower(),
        bare,
        f" {bare[:2]} {bare[2:]}\n",
        " ".join(bare),
        f"{bare[:4]}\u2013{bare[4:]}",
    ]
    spelled += [code.replace("0", wrong) for wrong in "oO"]
    spelled += [code.replace("1", wrong) for wrong in "iIlL"]
    assert all(mine.is_code(link=link, given=text) for text in spelled)
    assert not any(mine.is_code(link=link, given=text) for text in (bare[:-1], bare + "0", ""))


@pytest.mark.parametrize("keys", [[], [""], ["good", ""]])
def test_there_is_no_signing_without_a_key(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        SignedLinks(keys=keys, base_url=BASE)
