"""Redaction of texts that somebody made to hold it up, or to get a secret past it."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.adapters.redaction import CUT, error_text, log_text, without_secrets
from shared.domain.limits import ERROR_CHARACTERS, LOG_CHARACTERS
from tests.unit.adapters.test_redaction import SECRETS

SMALL, LARGE = 16 * 1024, 128 * 1024
TIMES = 24
"""What may be the quotient: eight times the text, and three times for a busy machine. What is
quadratic takes 64 times as long."""

PIECES = [
    *("a", "a-", "key", "key ", "secret-", "token_", "passphrase", "connection_"),
    *("'", '"', "key='", 'key="', "key=\"a'", "key=", "key: ", "key=password=", "key%3D"),
    *("\\", '\\"', 'key=\\"', "key\\", 'key=\\\\\\"', 'key="\\\\', "key=b'", "key=a\\'"),
    *("://", "://a", "://a:", "a@", "://a@", "https://", "https://a", "https://a?", "?code="),
    *("https://x.example/a?b=c&", "http://u:p@", "https://?", "?", "&code=a"),
    *("-----BEGIN", "-----BEGIN ", "-----BEGIN A ", "-----BEGIN PRIVATE KEY-----", "-----END "),
    *("-----", "PRIVATE KEY", "-----END PRIVATE KEY-----", "-----BEGIN PRIVATE "),
    *(
        "eyJ",
        "eyJ-",
        "eyJa.",
        "-eyJ.",
        "eyJ.eyJ.",
        ".",
        "Bearer ",
        "Bearer",
        "Bearer \t",
        "bearer a",
    ),
    *("key: Bearer ", "authorization: basic ", "SharedKey =", " ", "\t", "\n", "=", ":", "key=:="),
]
"""What the rules look for, or begin to see in vain."""


def fastest(text: str) -> float:
    """Seconds of the processor, in the best of two tries."""
    times = []
    for _ in range(2):
        started = time.process_time()
        without_secrets(text)
        times.append(time.process_time() - started)
    return min(times)


@pytest.mark.parametrize("piece", PIECES)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    before = "key='key=\\\"https://-----BEGIN "
    small, large = (before + piece * (size // len(piece)) for size in (SMALL, LARGE))
    assert fastest(large) < max(fastest(small), 0.004) * TIMES


def test_many_ways_of_quoting_that_never_end_are_no_more_work() -> None:
    def text(size: int) -> str:
        openings = [f"key={'\\' * n}{quote}" for n in range(40) for quote in "'\""]
        return "".join(openings) + "key=\\'" * (size // 6)

    assert fastest(text(LARGE)) < max(fastest(text(SMALL)), 0.004) * TIMES


around = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=8).map("".join)


@given(around, st.sampled_from([*SECRETS, 'password="s3cr3t \\" s3cr3t"']), around)
@example('key="https://a?\\', "password='s3cr3t with blanks'", "")
@example("key=", "password='s3cr3t with blanks'", "")
@example("key: ", "password: s3cr3t", "")
@example("key='a ", "password='s3cr3t'", "")
@example("key: SharedKey ", "='s3cr3t s3cr3t'", "")
@example("", '"{\\"token\\": \\"a\\\\\\"s3cr3t\\"}"', "")
@example("-----BEGIN PRIVATE KEY-----a-----END", SECRETS[-1], "")
@example("", "-----BEGIN PRIVATE KEY-----a-----END PRIVATE KEY-----", SECRETS[-1])
@example("see -eyJ", SECRETS[-2], "")
def test_no_secret_survives_whatever_is_around_it(before: str, secret: str, after: str) -> None:
    assert "s3cr3t" not in without_secrets(before + secret + after)


@given(around, st.sampled_from(SECRETS), around, st.integers(0, 100), st.booleans())
def test_no_cut_lets_a_part_of_a_secret_stand_alone(
    before: str, secret: str, after: str, moved: int, error: bool
) -> None:
    """The cut goes through the text everywhere around the secret and in it."""
    planted = before + secret.replace("s3cr3t", "s3cr3t" * 4) + after
    if error:
        whole = "word " * ((ERROR_CHARACTERS - moved) // 5) + planted + " word" * 40
        shown = error_text(whole)
    else:
        rest = "\nline" * (LOG_CHARACTERS // 5)
        shown = log_text(planted + rest[max(moved, len(planted)) :])
    assert "s3cr3t" not in shown


def test_a_log_keeps_its_end_from_a_lines_beginning() -> None:
    lines = [f"line {number}" for number in range(20_000)]
    shown = log_text("\n".join(lines)).splitlines()
    assert shown[0] == CUT
    assert shown[1:] == lines[-len(shown) + 1 :]
    assert LOG_CHARACTERS - 100 < len("\n".join(shown)) <= LOG_CHARACTERS + 2


def test_a_line_that_is_longer_than_all_that_is_looked_at_is_not_shown() -> None:
    assert log_text("password='" + "a b " * LOG_CHARACTERS) == f"{CUT}\n"


def test_the_rest_of_a_private_key_is_none() -> None:
    rest = "c2VjcmV0\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\nloaded"
    assert without_secrets(rest) == f"{CUT}\nloaded"
    assert without_secrets(f"-----BEGIN PRIVATE KEY-----\n{rest}") == f"{CUT}\nloaded"


def test_an_errors_words_are_cut_between_words() -> None:
    shown = error_text("word " * ERROR_CHARACTERS)
    assert shown.endswith(f"word {CUT}")
    assert len(shown) <= ERROR_CHARACTERS + 1
    assert error_text("x" * 2 * ERROR_CHARACTERS) == CUT
    assert error_text("short") == "short"
