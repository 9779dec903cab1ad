"""The keys of mails: what one function makes, another takes apart."""

from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.ask import MailName, Purpose, mail_key, read_mail_key

ADDRESSES = st.from_regex(r"[^@\s<>,;]+@[^@\s<>,;]+", fullmatch=True)
"""What pipelines take (`shared.pipelines.fields.ADDRESS`)."""


@given(
    purpose=st.sampled_from(Purpose),
    number=st.integers(0, 999_999_999),
    person=ADDRESSES,
    voice=st.none() | st.text(min_size=1),
)
@example(Purpose.NEW_LINK, 2, "ada-1@example.com", None)
@example(Purpose.REMINDER, 1, "ada@example.com", "release for us-1 for all")
def test_a_key_is_read_as_it_was_made(
    purpose: Purpose, number: int, person: str, voice: str | None
) -> None:
    made = mail_key(purpose, number, person, voice)
    assert read_mail_key(made) == MailName(purpose, number, person, voice)


@given(st.text())
@example("ada@example.com")
@example("new-link-2")
@example("reminder-\u0664 ada@example.com")
@example("reminder-" + "9" * 5_000 + " ada@example.com")
def test_any_stored_key_is_read(key: str) -> None:
    assert read_mail_key(key).person in key


def test_a_key_of_before_there_were_reminders_is_a_request() -> None:
    assert read_mail_key("ada@example.com") == MailName(Purpose.REQUEST, 0, "ada@example.com")


def test_a_purpose_of_a_newer_version_stays_what_it_is() -> None:
    assert read_mail_key("look-again-3 ada@example.com").purpose == "look-again"


def test_what_goes_out_again_when_links_are_revoked() -> None:
    anew = [each for each in Purpose if MailName(each, 0, "ada@example.com").goes_out_anew]
    assert anew == [Purpose.REQUEST, Purpose.ESCALATION, Purpose.NEW_LINK]
