"""Who may come in: links, the codes and pages that go with them, and those who guess."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.release import ReleaseId


@dataclass(frozen=True, slots=True)
class Link:
    """What a link in a mail stands for. It holds no personal data: URLs are logged on the way."""

    release_id: ReleaseId
    stage: int
    """Place of the stage in the release, from 0."""

    ask: int
    series: int
    """The ask's series when the link was made; a lower one than now was revoked."""

    person: int
    """Place of the person in the ask's roster."""

    digest: str
    """The first `DIGEST_LENGTH` characters of the ask's digest."""


DIGEST_LENGTH = 12


class Links(Protocol):
    """Signed links to the decision page, and what else an answer has to carry."""

    def url(self, *, link: Link) -> str:
        """The address that goes into the mail."""

    def read(self, *, token: str, max_age_seconds: float) -> Link | None:
        """What a token stands for; None where it is cut, altered, too old or not ours."""

    def code(self, *, link: Link) -> str:
        """What the mail tells besides, and no URL holds: eight characters for people to type."""

    def is_code(self, *, link: Link, given: str) -> bool:
        """Whether this is the link's code, however it is grouped and spelled. Constant-time."""

    def nonce(self, *, link: Link, revision: int, signed_in: bool = False) -> str:
        """What one rendering of the page carries in its form.

        Args:
            link: Whose page it is.
            revision: The person's newest decision when it was rendered, 0 for none.
            signed_in: Whether it was rendered for the person signed in. What was rendered for
                anybody else who has the link is worth nothing in a browser of theirs.
        """

    def read_nonce(
        self, *, link: Link, nonce: str, max_age_seconds: float, signed_in: bool = False
    ) -> int | None:
        """The revision in a nonce; None where it is another link's or visitor's, old or altered."""


class Attempts(Protocol):
    """Counts failed attempts, for all instances of the app together."""

    def failed(self, *, keys: Sequence[str], now: datetime, window_seconds: float) -> None:
        """Count a failure under each key. A key is any text; it is stored as a digest."""

    def failures(self, *, key: str, now: datetime, window_seconds: float) -> int:
        """How many failures a key has had in the present window of this length."""

    def forget(self, *, before: datetime) -> None:
        """Drop what was counted before a moment."""
