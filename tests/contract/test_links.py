"""What all links do, the signed ones and the fake ones."""

from dataclasses import replace

import pytest

from shared.adapters.links import SignedLinks
from shared.domain.release import ReleaseId
from shared.ports import DIGEST_LENGTH, Link, Links
from tests.fakes import FakeClock, FakeLinks

DAY = 86_400.0
ADA = Link(ReleaseId("diabetes-3-0123456789"), 1, 1, 1, 0, "0123456789ab")
BOB = replace(ADA, person=1)
OTHERS = [
    BOB,
    replace(ADA, release_id=ReleaseId("diabetes-4-0123456789")),
    replace(ADA, stage=2),
    replace(ADA, ask=2),
    replace(ADA, series=2),
    replace(ADA, digest="f" * DIGEST_LENGTH),
]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["signed", "fake"])
def links(request: pytest.FixtureRequest, clock: FakeClock) -> Links:
    if request.param == "fake":
        return FakeLinks(clock)
    return SignedLinks(
        keys=["secret"],
        base_url="https://modelgate.example",
        now=lambda: clock.now().timestamp(),
    )


def token(links: Links, link: Link) -> str:
    return links.url(link=link).rpartition("/")[2]


def test_a_link_is_a_path_segment_that_is_read(links: Links) -> None:
    for link in (ADA, *OTHERS):
        assert links.url(link=link).startswith("https://modelgate.example/api/approvals/")
        assert links.read(token=token(links, link), max_age_seconds=DAY) == link


def test_what_is_no_link_is_none(links: Links, clock: FakeClock) -> None:
    made = token(links, ADA)
    nonce = links.nonce(link=ADA, revision=1)
    for text in ("", "x", "MTIz", "W10", made[1:], made[:-3], nonce):
        assert links.read(token=text, max_age_seconds=DAY) is None
    clock.advance(seconds=100)
    assert links.read(token=made, max_age_seconds=100) == ADA
    assert links.read(token=made, max_age_seconds=99) is None


def test_a_code_is_of_one_link_and_taken_as_people_type_it(links: Links) -> None:
    code = links.code(link=ADA)
    assert len(code) == 9
    for given in (code, code.lower(), code.replace("-", " "), code.replace("0", "o")):
        assert links.is_code(link=ADA, given=given)
    for other in OTHERS:
        assert not links.is_code(link=other, given=code)
    for given in ("", code[:-1], "0000-0000"):
        assert not links.is_code(link=ADA, given=given)


def test_a_nonce_is_of_one_link_and_says_the_revision(links: Links, clock: FakeClock) -> None:
    nonce = links.nonce(link=ADA, revision=2)
    assert links.nonce(link=ADA, revision=2) != nonce
    assert links.read_nonce(link=ADA, nonce=nonce, max_age_seconds=DAY) == 2
    for other in OTHERS:
        assert links.read_nonce(link=other, nonce=nonce, max_age_seconds=DAY) is None
    for text in ("", "x", "MTIz", token(links, ADA), nonce[1:], nonce[:-3]):
        assert links.read_nonce(link=ADA, nonce=text, max_age_seconds=DAY) is None
    clock.advance(seconds=100)
    assert links.read_nonce(link=ADA, nonce=nonce, max_age_seconds=100) == 2
    signed = links.nonce(link=ADA, revision=2, signed_in=True)
    for made, read, revision in [(signed, True, 2), (signed, False, None), (nonce, True, None)]:
        found = links.read_nonce(link=ADA, nonce=made, max_age_seconds=DAY, signed_in=read)
        assert found == revision
    assert links.read_nonce(link=ADA, nonce=nonce, max_age_seconds=99) is None
