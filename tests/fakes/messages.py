"""Mail, published events, links and letters, in memory."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

from shared.domain.asking import Owed
from shared.domain.decision import Decision
from shared.domain.evidence import Evidence
from shared.domain.names import operation_id, person_key
from shared.domain.release import AuditEvent, Release, ReleaseId
from shared.ports import Link, Mail
from tests.fakes.running import FakeClock
from tests.fakes.troubles import Faults


class FakeMailer:
    """An inbox; a mail that is tried again arrives once."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.faults = Faults()

    def send(self, *, mail: Mail) -> None:
        self.faults.meet("send")
        if all(mail.operation_id != other.operation_id for other in self.sent):
            self.sent.append(mail)

    def to(self, address: str) -> list[Mail]:
        """What an address has received."""
        return [mail for mail in self.sent if mail.to == address]


class FakePublisher:
    """What was published, in order, repeats included."""

    def __init__(self) -> None:
        self.published: list[AuditEvent] = []
        self.faults = Faults()

    def publish(self, *, events: Iterable[AuditEvent]) -> None:
        self.faults.meet("publish")
        self.published += events


class FakeLinks:
    """Links that anyone can read and forge; they expire by the fake clock."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def url(self, *, link: Link) -> str:
        token = _packed([self._clock.now().timestamp(), asdict(link)])
        return f"https://modelgate.example/api/approvals/{token}"

    def read(self, *, token: str, max_age_seconds: float) -> Link | None:
        unpacked = _unpacked(token)
        if unpacked is None or self._is_old(unpacked[0], max_age_seconds):
            return None
        link = unpacked[1]
        return Link(**(link | {"release_id": ReleaseId(link["release_id"])}))

    def code(self, *, link: Link) -> str:
        return sha256(repr(link).encode()).hexdigest()[:8].upper()

    def is_code(self, *, link: Link, given: str) -> bool:
        return given.replace("-", "").replace(" ", "").upper() == self.code(link=link)

    def nonce(self, *, link: Link, revision: int) -> str:
        return _packed([self._clock.now().timestamp(), asdict(link), revision])

    def read_nonce(self, *, link: Link, nonce: str, max_age_seconds: float) -> int | None:
        unpacked = _unpacked(nonce)
        if unpacked is None or self._is_old(unpacked[0], max_age_seconds):
            return None
        return int(unpacked[2]) if unpacked[1] == asdict(link) else None

    def _is_old(self, made_at: float, max_age_seconds: float) -> bool:
        return self._clock.now().timestamp() - made_at > max_age_seconds


def _packed(content: list[Any]) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).decode()


def _unpacked(text: str) -> list[Any] | None:
    try:
        content: list[Any] = json.loads(urlsafe_b64decode(text))
    except ValueError:
        return None
    return content


class FakeAttempts:
    """Failed attempts in memory."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._failed: list[tuple[str, float, datetime]] = []

    def failed(self, *, keys: Sequence[str], now: datetime, window_seconds: float) -> None:
        self.faults.meet("failed")
        self._failed += [(key, window_seconds, now) for key in keys]

    def failures(self, *, key: str, now: datetime, window_seconds: float) -> int:
        self.faults.meet("failures")
        window = now.timestamp() // window_seconds
        return sum(
            (key, window_seconds, window) == (name, seconds, at.timestamp() // seconds)
            for name, seconds, at in self._failed
        )

    def forget(self, *, before: datetime) -> None:
        self.faults.meet("forget")
        self._failed = [each for each in self._failed if each[2] >= before]


class FakeLetters:
    """Short mails with everything in them that a test may look for."""

    def approval_request(
        self,
        *,
        release: Release,
        stage: str,
        evidence: Evidence,
        owed: Owed,
        url: str,
        code: str | None,
        now: datetime,  # noqa: ARG002 (short mails say nothing of the time left)
    ) -> Mail:
        to = owed.speaker.person
        changed = ", ".join(each.field for each in evidence.changed_since)
        ask = release.stage_named(stage).ask
        assert ask is not None
        return Mail(
            operation_id=operation_id(
                release.id, stage, str(evidence.ask), str(ask.series), owed.key
            ),
            to=to,
            subject=f"Approve {release.model.name} {release.model.version} for {stage}",
            text=f"{owed.purpose} {owed.number}: {url} {code} {changed}",
            html=f'<a href="{url}">{person_key(to)}</a>',
            thread=release.id,
        )

    def release_ended(
        self, *, release: Release, decisions: Sequence[Decision], to: str, was_asked: bool
    ) -> Mail:
        said = ", ".join(f"{decision.approver}: {decision.choice}" for decision in decisions)
        text = f"{release.outcome}: {release.reason} ({said}) {'asked' if was_asked else 'owner'}"
        return Mail(
            operation_id=operation_id(release.id, "ended", to),
            to=to,
            subject=f"{release.outcome}: {release.model.name} {release.model.version}",
            text=text,
            html=f"<p>{text}</p>",
            thread=release.id,
        )
