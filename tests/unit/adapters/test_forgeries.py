"""A hundred thousand forgeries, the same in every run: none of them is taken for ours."""

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import pytest

from shared.domain.release import ReleaseId
from shared.ports import Link
from tests.unit.adapters.support import DAY, NOW, links, token

SIGNS = string.ascii_letters + string.digits + "-_."
MINE = links("newest", "older")
FOREIGN = links("foreign")


def some_links(chance: random.Random) -> list[Link]:
    """Links that differ in few fields and look alike."""
    return [
        Link(
            release_id=ReleaseId(f"diabetes-{chance.randrange(3)}-0123456789"),
            stage=chance.randrange(3),
            ask=chance.randrange(1, 4),
            series=chance.randrange(1, 3),
            person=chance.randrange(3),
            digest=chance.choice(["0123456789ab", "0123456789ac"]),
        )
        for _ in range(60)
    ]


def altered(text: str, chance: random.Random) -> str:
    """With one to three characters changed, cut or added."""
    for _ in range(chance.randint(1, 3)):
        where = chance.randrange(len(text))
        added = "".join(chance.choices(SIGNS, k=chance.randrange(3)))
        text = text[:where] + added + text[where + chance.randrange(3) :]
    return text


def recombined(texts: list[str], chance: random.Random) -> str:
    """Every field from some other of them: release, stage, ask, series, person, digest, …"""
    fields = [text.split(".") for text in texts]
    return ".".join(chance.choice(fields)[place] for place in range(len(fields[0])))


def redirected(link: Link, chance: random.Random) -> Link:
    """With one field changed."""
    name = chance.choice(["stage", "ask", "series", "person", "release_id", "digest"])
    if name == "release_id":
        return replace(link, release_id=ReleaseId(f"{link.release_id}{chance.randrange(10)}"))
    if name == "digest":
        return replace(link, digest=f"{int(link.digest, 16) ^ 1 << chance.randrange(48):012x}")
    return replace(link, **{name: getattr(link, name) + chance.randint(1, 9)})


def tampered_tokens(chance: random.Random) -> Iterator[str]:
    good = [token(link, "newest", "older") for link in some_links(chance)]
    while True:
        yield altered(chance.choice(good), chance)


def swapped_tokens(chance: random.Random) -> Iterator[str]:
    good = [token(link, "newest", now=NOW - age) for age, link in enumerate(some_links(chance))]
    while True:
        yield recombined(chance.sample(good, 2), chance)


def redirected_tokens(chance: random.Random) -> Iterator[str]:
    found = some_links(chance)
    while True:
        link = chance.choice(found)
        signed = token(link, "newest").split(".")[-2:]
        yield ".".join([*token(redirected(link, chance), "newest").split(".")[:-2], *signed])


def foreign_tokens(chance: random.Random) -> Iterator[str]:
    found = some_links(chance)
    while True:
        yield FOREIGN.url(link=redirected(chance.choice(found), chance)).rpartition("/")[2]


@pytest.mark.parametrize(
    ("forged", "count"),
    [
        (tampered_tokens, 30_000),
        (swapped_tokens, 20_000),
        (redirected_tokens, 10_000),
        (foreign_tokens, 10_000),
    ],
)
def test_no_forged_token_is_read(
    forged: Callable[[random.Random], Iterator[str]], count: int
) -> None:
    chance = random.Random(4)  # noqa: S311 (the same cases in every run)
    ours = {token(link, "newest", "older") for link in some_links(random.Random(4))}  # noqa: S311
    ours |= {
        token(link, "newest", now=NOW - age)
        for age, link in enumerate(some_links(random.Random(4)))  # noqa: S311
    }
    assert all(MINE.read(token=good, max_age_seconds=DAY) for good in ours)
    cases = (case for case in forged(chance) if case not in ours)
    taken = [case for case in islice(cases, count) if MINE.read(token=case, max_age_seconds=DAY)]
    assert taken == []


def test_no_replayed_or_forged_nonce_is_read() -> None:
    chance = random.Random(4)  # noqa: S311
    found = some_links(chance)
    nonces = {MINE.nonce(link=link, revision=0): link for link in found}
    good = list(nonces)
    assert all(
        MINE.read_nonce(link=nonces[one], nonce=one, max_age_seconds=DAY) == 0 for one in good
    )
    taken = []
    for case in range(20_000):
        link, nonce = redirected(nonces[good[case % 60]], chance), good[case % 60]
        if case % 4 == 1:
            link, nonce = nonces[nonce], altered(nonce, chance)
        elif case % 4 == 2:
            link, nonce = nonces[nonce], recombined(chance.sample(good, 2), chance)
        elif case % 4 == 3:
            link = nonces[nonce]
            nonce = FOREIGN.nonce(link=link, revision=chance.randrange(9))
        if nonces.get(nonce) == link:
            continue
        if MINE.read_nonce(link=link, nonce=nonce, max_age_seconds=DAY) is not None:
            taken.append((link, nonce))
    assert taken == []


def test_no_other_code_is_taken() -> None:
    chance = random.Random(4)  # noqa: S311
    found = some_links(chance)
    taken = []
    for case in range(10_000):
        link = found[case % len(found)]
        own = MINE.code(link=link)
        others = [
            MINE.code(link=redirected(link, chance)),
            FOREIGN.code(link=link),
            "".join(chance.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=8)),
        ]
        code = others[case % 3]
        if code != own and MINE.is_code(link=link, given=code):
            taken.append((link, code))
    assert taken == []


def test_what_was_signed_for_one_purpose_serves_no_other() -> None:
    for link in some_links(random.Random(4)):  # noqa: S311
        *content, time, signature = token(link, "newest").split(".")
        revision, chance, page_time, page_signature = MINE.nonce(link=link, revision=1).split(".")
        for case in (
            ".".join([*content, page_time, page_signature]),
            ".".join([*content, revision, chance, page_time, page_signature]),
        ):
            assert MINE.read(token=case, max_age_seconds=DAY) is None
        for case in (
            ".".join([*content, time, signature]),
            f"{revision}.{chance}.{time}.{signature}",
        ):
            assert MINE.read_nonce(link=link, nonce=case, max_age_seconds=DAY) is None
