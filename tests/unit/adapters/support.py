"""Links of the tests, by a clock that stands still."""

from shared.adapters.links import SignedLinks
from shared.domain.release import ReleaseId
from shared.ports import Link

BASE = "https://modelgate.example"
NOW = 1_800_000_000
DAY = 86_400.0
ASKED = Link(ReleaseId("diabetes-3-0123456789"), 1, 1, 1, 0, "0123456789ab")


def links(*keys: str, now: int = NOW) -> SignedLinks:
    return SignedLinks(keys=keys or ("secret",), base_url=BASE, now=lambda: now)


def token(link: Link, *keys: str, now: int = NOW) -> str:
    return links(*keys, now=now).url(link=link).rpartition("/")[2]
