"""Mail, published events, links and letters, in memory."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any
from uuid import uuid4

from shared.domain.asking import Owed, request_id
from shared.domain.decision import Decision
from shared.domain.errors import Failure
from shared.domain.evidence import Evidence
from shared.domain.names import operation_id, person_key
from shared.domain.release import AuditEvent, Release, ReleaseId
from shared.ports import Link, Mail
from tests.fakes.failures import Faults
from tests.fakes.running import FakeClock


class FakeMailer:
    """An inbox; a mail that is tried again arrives once."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.faults = Faults()
        self.drops: dict[str, Failure] = {}
        """Addresses whose mails are accepted and not delivered, and why."""
        self._lost: dict[str, Failure] = {}

    def send(self, *, mail: Mail) -> None:
        self.faults.meet("send")
        if mail.to in self.drops:
            self._lost[mail.operation_id] = self.drops[mail.to]
        elif all(mail.operation_id != other.operation_id for other in self.sent):
            self.sent.append(mail)

    def dropped(self, *, operation_id: str) -> Failure | None:
        self.faults.meet("dropped")
        return self._lost.get(operation_id)

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
        token = self._packed("link", asdict(link))
        return f"https://modelgate.example/api/approvals/{token}"

    def read(self, *, token: str, max_age_seconds: float) -> Link | None:
        content = self._unpacked("link", token, max_age_seconds)
        if content is None:
            return None
        return Link(**(content[0] | {"release_id": ReleaseId(content[0]["release_id"])}))

    def code(self, *, link: Link) -> str:
        code = sha256(repr(link).encode()).hexdigest()[:8].upper()
        return f"{code[:4]}-{code[4:]}"

    def is_code(self, *, link: Link, given: str) -> bool:
        typed = "".join(sign for sign in given.upper() if sign.isalnum())
        wanted = self.code(link=link).replace("-", "")
        return typed.translate(str.maketrans("ILO", "110")) == wanted

    def nonce(self, *, link: Link, revision: int, signed_in: bool = False) -> str:
        return self._packed("page", asdict(link), revision, signed_in, uuid4().hex)

    def read_nonce(
        self, *, link: Link, nonce: str, max_age_seconds: float, signed_in: bool = False
    ) -> int | None:
        content = self._unpacked("page", nonce, max_age_seconds)
        if content is None or (content[0], content[2]) != (asdict(link), signed_in):
            return None
        return int(content[1])

    def _packed(self, purpose: str, *content: Any) -> str:  # noqa: ANN401 (whatever JSON holds)
        packed = json.dumps([purpose, self._clock.now().timestamp(), *content])
        return urlsafe_b64encode(packed.encode()).decode().rstrip("=")

    def _unpacked(self, purpose: str, text: str, max_age_seconds: float) -> list[Any] | None:
        try:
            content = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except ValueError:
            return None
        if not isinstance(content, list) or content[:1] != [purpose]:
            return None
        age = self._clock.now().timestamp() - content[1]
        return content[2:] if age <= max_age_seconds else None


class FakeAttempts:
    """Failed attempts in memory: by key and window, how many."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._lock = Lock()
        self._failed: Counter[tuple[str, float, float]] = Counter()

    def failed(self, *, keys: Sequence[str], now: datetime, window_seconds: float) -> None:
        with self._lock:
            self.faults.meet("failed")
            self._failed.update((key, *_window(now, window_seconds)) for key in keys)

    def failures(self, *, key: str, now: datetime, window_seconds: float) -> int:
        with self._lock:
            self.faults.meet("failures")
            return self._failed[key, *_window(now, window_seconds)]

    def forget(self, *, before: datetime) -> None:
        with self._lock:
            self.faults.meet("forget")
            for key, seconds, number in list(self._failed):
                if (number + 1) * seconds <= before.timestamp():
                    del self._failed[key, seconds, number]


def _window(now: datetime, seconds: float) -> tuple[float, float]:
    """Length and number of the window that a moment lies in."""
    return seconds, now.timestamp() // seconds


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
            operation_id=request_id(release.id, stage, ask, owed.key),
            to=to,
            subject=f"Approve {release.model.name} {release.model.version} for {stage}",
            text=f"{owed.purpose} {owed.number}: {url} {code} {changed}",
            html=f'<a href="{url}">{person_key(to)}</a>',
            thread=release.id,
        )

    def too_few_approvers(self, *, release: Release, stage: str, to: str) -> Mail:
        shortage = release.stage_named(stage).shortage
        assert shortage is not None
        text = f"too few: {shortage.available} of {shortage.required}, {shortage.left_out}"
        return Mail(
            operation_id=operation_id(
                release.id, stage, "too-few-approvers", shortage.since.isoformat(), to
            ),
            to=to,
            subject=f"Too few approvers: {release.model.name} {release.model.version}",
            text=text,
            html=f"<p>{text}</p>",
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
