"""The `Links` port: signed links by itsdangerous."""

import re
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from shared.domain.release import ReleaseId
from shared.ports import Link

PURPOSE = "modelgate.approval-link"
"""The salt: a token that was signed for anything else is none of these."""

_TOKEN = re.compile(r"\.?[\w-]{1,1000}\.[\w-]{1,12}\.[\w-]{43}", re.ASCII)


class _Signer(TimestampSigner):
    """Takes the time from whom it is told."""

    def __init__(self, *args: Any, now: Callable[[], float], **kwargs: Any) -> None:  # noqa: ANN401 (as itsdangerous has it)
        super().__init__(*args, **kwargs)
        self._now = now

    def get_timestamp(self) -> int:
        """Whole seconds since the epoch."""
        return int(self._now())


class SignedLinks:
    """Tokens hold release, stage, ask and approver key: no address, nothing secret."""

    def __init__(
        self, *, keys: Sequence[str], base_url: str, now: Callable[[], float] = time.time
    ) -> None:
        """Nothing is kept but the keys.

        Args:
            keys: Secrets, the newest first. It signs; links signed with any of them are read.
            base_url: Where people reach this app, for example `https://modelgate.example`.
            now: Seconds since the epoch.

        Raises:
            ValueError: There is no key, or an empty one.
        """
        if not keys or not all(keys):
            raise ValueError("links need a key to be signed with")
        self._base_url = base_url.rstrip("/")
        self._serializer = URLSafeTimedSerializer(
            list(reversed(keys)),  # itsdangerous signs with the last
            salt=PURPOSE,
            signer=_Signer,
            signer_kwargs={"now": now, "digest_method": sha256, "key_derivation": "hmac"},
        )

    def url(self, *, link: Link) -> str:
        """The address that goes into the mail."""
        content = [link.release_id, link.stage, link.ask, link.approver_key]
        token = self._serializer.dumps(content)
        return f"{self._base_url}/api/approvals/{token}"

    def read(self, *, token: str, max_age_seconds: float) -> Link | None:
        """What a token stands for; None where it is cut, altered, too old or not ours."""
        if not _TOKEN.fullmatch(token) or not _is_canonical(token.rpartition(".")[2]):
            return None
        try:
            content = self._serializer.loads(token, max_age=int(max_age_seconds))
        except BadData:
            return None
        match content:
            case [str(release_id), str(stage), int(ask), str(approver)] if ask is not True:
                return Link(ReleaseId(release_id), stage, ask, approver)
            case _:
                return None


def _is_canonical(signature: str) -> bool:
    """Whether it is the one spelling of its bytes; in base64 the last character has spare bits."""
    return base64_encode(base64_decode(signature)).decode() == signature
