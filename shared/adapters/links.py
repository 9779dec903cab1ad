"""The `Links` port: signed links, codes and pages by itsdangerous.

Link, code and page are signed each with a salt of its own, so that none of them is ever another.
"""

import re
import secrets
import time
from base64 import b32encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from itsdangerous import BadData, Signer, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

from shared.domain.release import ReleaseId
from shared.ports import DIGEST_LENGTH, Link

LINK, CODE, PAGE = "modelgate.link", "modelgate.code", "modelgate.page"
"""The salts, one for each purpose."""

CODE_BYTES = 5
"""Eight characters of base 32."""

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without look-alikes (Crockford, "Base 32"); I and L are read as 1, O as 0."""

RANDOM_BYTES = 12
"""Of a page's nonce, so that every page has another one."""

_NUMBER = r"(0|[1-9][0-9]{0,5})"
_CONTENT = re.compile(
    rf"([a-z0-9-]{{1,80}})\.{_NUMBER}\.{_NUMBER}\.{_NUMBER}\.{_NUMBER}\.([0-9a-f]{{{DIGEST_LENGTH}}})"
)
_SIGNED = r"[\w-]{1,12}\.([\w-]{43})"
_TOKEN = re.compile(rf"(?:{_CONTENT.pattern})\.{_SIGNED}", re.ASCII)
_NONCE = re.compile(rf"{_NUMBER}\.[\w-]{{16}}\.{_SIGNED}", re.ASCII)

_TO_CODE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", CODE_ALPHABET)
"""From the alphabet of RFC 4648."""

_ALIKE = str.maketrans("ILO", "110")


class _Signer(TimestampSigner):
    """Takes the time from whom it is told."""

    def __init__(self, *args: Any, now: Callable[[], float], **kwargs: Any) -> None:  # noqa: ANN401 (as itsdangerous has it)
        super().__init__(*args, **kwargs)
        self._now = now

    def get_timestamp(self) -> int:
        """Whole seconds since the epoch."""
        return int(self._now())


class SignedLinks:
    """See `shared.ports.Links`. A token holds no address and nothing secret.

    It is `release.stage.ask.series.person.digest.time.signature`, under 160 characters, since front
    ends refuse path segments of more than 260 (azure-facts: Links in mail).
    """

    def __init__(
        self, *, keys: Sequence[str], base_url: str, now: Callable[[], float] = time.time
    ) -> None:
        """Nothing is kept but the keys.

        Args:
            keys: Secrets, the newest first. It signs; what was signed with any of them is read.
            base_url: Where people reach this app, for example `https://modelgate.example`.
            now: Seconds since the epoch.

        Raises:
            ValueError: There is no key, or an empty one.
        """
        if not keys or not all(keys):
            raise ValueError("links need a key to be signed with")
        self._base_url = base_url.rstrip("/")
        options: dict[str, Any] = {"digest_method": sha256, "key_derivation": "hmac"}
        oldest_first = list(reversed(keys))  # itsdangerous signs with the last
        self._links = _Signer(oldest_first, salt=LINK, now=now, **options)
        self._pages = _Signer(oldest_first, salt=PAGE, now=now, **options)
        self._codes = [Signer(key, salt=CODE, **options) for key in keys]

    def url(self, *, link: Link) -> str:
        """The address that goes into the mail.

        Raises:
            ValueError: No token holds such a link.
        """
        token = self._links.sign(_content(link)).decode()
        return f"{self._base_url}/api/approvals/{token}"

    def read(self, *, token: str, max_age_seconds: float) -> Link | None:
        """What a token stands for; None where it is cut, altered, too old or not ours."""
        parts = _TOKEN.fullmatch(token)
        if not parts or not _is_signed(self._links, token, parts[7], max_age_seconds):
            return None
        stage, ask, series, person = (int(parts[place]) for place in (2, 3, 4, 5))
        return Link(ReleaseId(parts[1]), stage, ask, series, person, parts[6])

    def code(self, *, link: Link) -> str:
        """Eight characters in two groups, `7K2M-9QXD`."""
        code = _code(self._codes[0], link)
        return f"{code[:4]}-{code[4:]}"

    def is_code(self, *, link: Link, given: str) -> bool:
        """Whether this is the link's code by any key, so that mails outlive a rotation."""
        typed = re.sub(r"[\W_]", "", given).upper().translate(_ALIKE).encode()
        found = [compare_digest(_code(signer, link).encode(), typed) for signer in self._codes]
        return any(found)  # after all were compared

    def nonce(self, *, link: Link, revision: int, signed_in: bool = False) -> str:
        """Revision, chance, time, and a signature over these and the link."""
        before = _before(link, signed_in)
        text = f"{before}{revision}.{secrets.token_urlsafe(RANDOM_BYTES)}"
        return self._pages.sign(text).decode().removeprefix(before)

    def read_nonce(
        self, *, link: Link, nonce: str, max_age_seconds: float, signed_in: bool = False
    ) -> int | None:
        """See the port."""
        parts = _NONCE.fullmatch(nonce)
        text = f"{_before(link, signed_in)}{nonce}"
        if not parts or not _is_signed(self._pages, text, parts[2], max_age_seconds):
            return None
        return int(parts[1])


def _before(link: Link, signed_in: bool) -> str:
    """What is signed with a nonce and is not in it."""
    return f"{_content(link)}.{'signed-in.' if signed_in else ''}"


def _content(link: Link) -> str:
    numbers = (link.stage, link.ask, link.series, link.person)
    content = ".".join([link.release_id, *map(str, numbers), link.digest])
    if not _CONTENT.fullmatch(content):
        raise ValueError(f"no link is made of {content!r}")
    return content


def _is_signed(signer: TimestampSigner, text: str, signature: str, max_age_seconds: float) -> bool:
    if not _is_canonical(signature):
        return False
    try:
        signer.unsign(text, max_age=int(max_age_seconds))
    except BadData:
        return False
    return True


def _is_canonical(signature: str) -> bool:
    """Whether it is the one spelling of its bytes; in base64 the last character has spare bits."""
    return base64_encode(base64_decode(signature)).decode() == signature


def _code(signer: Signer, link: Link) -> str:
    mac = base64_decode(signer.get_signature(_content(link)))
    return b32encode(mac[:CODE_BYTES]).decode().translate(_TO_CODE)
