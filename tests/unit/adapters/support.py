"""Settings of the tests, and links by a clock that stands still."""

from datetime import UTC, datetime

from shared.adapters.links import SignedLinks
from shared.domain.release import ReleaseId
from shared.ports import Link

BASE = "https://modelgate.example"
NOW = 1_800_000_000
DAY = 86_400.0
AT = datetime.fromtimestamp(NOW, UTC)
ASKED = Link(ReleaseId("diabetes-3-0123456789"), 1, 1, 1, 0, "0123456789ab")


SETTINGS = {
    "MODELGATE_TABLES": "UseDevelopmentStorage=true",
    "MODELGATE_MAIL": "endpoint=https://mail.example;accesskey=eA==",
    "MODELGATE_MAIL_SENDER": "modelgate@example.com",
    "MODELGATE_LINK_KEYS": "0123456789abcdef" * 4,
    "MODELGATE_BASE_URL": "https://modelgate.example",
    "MODELGATE_EVENTS_ENDPOINT": "https://topic.example/api/events",
    "MODELGATE_EVENTS_KEY": "eA==",
    "QA_SUBSCRIPTION_ID": "5b1d",
    "QA_RESOURCE_GROUP": "rg-qa",
    "QA_WORKSPACE": "wk-qa",
    "PROD_SUBSCRIPTION_ID": "77aa",
    "PROD_RESOURCE_GROUP": "rg-prod",
    "PROD_WORKSPACE": "wk-prod",
    "OWNER": "olga@example.com",
    "APPROVER": "ada@example.com",
}


def links(*keys: str, now: int = NOW) -> SignedLinks:
    return SignedLinks(keys=keys or ("secret",), base_url=BASE, now=lambda: now)


def token(link: Link, *keys: str, now: int = NOW) -> str:
    return links(*keys, now=now).url(link=link).rpartition("/")[2]
