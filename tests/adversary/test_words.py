"""What a registrant writes beside a model, where approvers and owners read it."""

import email.policy
import unicodedata
from email.message import EmailMessage

import pytest
import requests

from tests.adversary.refusals import Refusals
from tests.adversary.registrant import Registrant
from tests.e2e.pipelines import approver_of
from tests.e2e.stacks import Stack
from tests.e2e.workspaces import eventually

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href='//adversary.example'>x"
LINES = "fine\r\nBcc: everybody@adversary.example\r\n\r\n<h1>Your code: 111111</h1>"
BIDI = "\u202eevorppa\u202c \u2066x\u2069"
FORMULA = '=HYPERLINK("http://adversary.example";"Approve")'
MENTION = "@everyone [approve](http://adversary.example)"
TEMPLATE = "{{ 7 * 7 }} {% raw %} ${7*7} %s %n {0}"
LARGE = "A" * 100_000
TEXTS = (MARKUP, LINES, BIDI, FORMULA, MENTION, TEMPLATE)
LARGEST_PAGE = 500_000
ODD = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the order of letters around."""


@pytest.fixture(scope="module")
def release_id(mallory: Registrant) -> str:
    """A release whose every word is hostile."""
    odd = {f"tag {number} {text[:60]}": text for number, text in enumerate(TEXTS)}
    return mallory.release(
        "words",
        "1",
        {f"{MARKUP.replace('/', '_')[:90]}.bin": b""},
        description="\n".join(TEXTS) + LARGE,
        tags={**odd, "large": LARGE},
        properties={**odd, "large": LARGE},
    )


@pytest.fixture(scope="module")
def page(stack: Stack, release_id: str) -> str:
    """The decision page, which asks about it."""
    assert release_id
    answer = requests.get(stack.link("words"), timeout=30)
    assert answer.status_code == 200
    return answer.text


def test_the_page_shows_words_and_runs_none(page: str) -> None:
    assert "<script" not in page.lower()
    assert "<img src=x" not in page.lower()
    assert "href='//adversary.example'" not in page
    assert "{{ 7 * 7 }}" in page
    assert len(page) < LARGEST_PAGE


def test_the_page_reads_in_the_order_in_which_it_is_written(page: str) -> None:
    assert not ODD & set(page)


def test_a_mail_has_the_headers_that_we_gave_it(stack: Stack, page: str) -> None:
    assert page
    (mail,) = stack.mail(approver_of("words"))
    written = EmailMessage(policy=email.policy.SMTP)
    written["Subject"] = mail["subject"]
    assert not any(unicodedata.category(sign) in {"Cc", "Cf"} for sign in mail["subject"])
    assert mail["to"] == [approver_of("words")]
    assert "<script" not in mail["html"].lower()
    assert not ODD & set(mail["text"] + mail["html"])
    assert len(mail["html"]) < LARGEST_PAGE


def test_a_mail_has_one_code_and_one_link(stack: Stack, page: str) -> None:
    assert page
    (mail,) = stack.mail(approver_of("words"))
    codes = [line for line in mail["text"].splitlines() if line.startswith("Your code:")]
    assert len(codes) == 1


def test_it_is_decided_like_any_other(
    stack: Stack, refusals: Refusals, page: str, release_id: str
) -> None:
    assert page
    stack.decide("words", "reject")
    release = stack.ended(release_id)
    assert release["outcome"] == "Rejected"
    assert refusals.stack.get("/api/releases?pipeline=words")["releases"]


MLMODELS = {
    "merges": b"a0: &a0 {k: v}\n"
    + b"".join(
        b"a%d: &a%d {<<: [%s]}\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 7)
    ),
    "anchors": b"a0: &a0 [x, x]\n"
    + b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 7)
    ),
    "no-day": b"signature: {inputs: 2026-02-30}\n",
    "integer": b"signature: {inputs: " + b"9" * 5000 + b"}\n",
    "large": b"signature:\n" + b"  k: v\n" * 150_000,
    "deep": b"signature: " + b"[" * 20_000,
    "json": b"signature: {inputs: '" + b"[" * 50_000 + b"'}\n",
    "json-integer": b"signature: {inputs: '[" + b"9" * 5000 + b"]'}\n",
    "object": b"signature: !!python/object/apply:os.system ['true']\n",
    "bytes": b"signature: \xff\xfe\x00\n",
    "cycle": b"signature: &s {inputs: *s}\n",
    "key": b"? {a: b}\n: c\nsignature: {inputs: x}\n",
}


@pytest.fixture(scope="module")
def described(mallory: Registrant) -> dict[str, str]:
    """Releases with such a description of the model in the file that MLflow writes."""
    return {
        kind: mallory.release("mlmodel", kind, {"MLmodel": text}, modelType="mlflow_model")
        for kind, text in MLMODELS.items()
    }


@pytest.mark.parametrize("kind", MLMODELS)
def test_a_description_that_cannot_be_read_keeps_nobody_waiting(
    refusals: Refusals, described: dict[str, str], kind: str
) -> None:
    """People are asked without a schema, or it is told as the model's fault: either at once."""

    def look() -> str | None:
        release = refusals.stack.release(described[kind])
        asked = any(stage["ask"] for stage in release["stages"])
        return release["outcome"] or ("asked" if asked else None)

    assert eventually(look, f"a word about {kind}", 60) in {"asked", "Failed"}
    assert refusals.tries(described[kind], "UnexpectedFailure") == 0
