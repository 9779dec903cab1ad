"""Mail, published events, links and letters, in memory."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from shared.domain.names import operation_id, person_key
from shared.domain.pipeline import Stage
from shared.domain.release import AuditEvent, Decision, Evidence, Release, ReleaseId
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
        content = [self._clock.now().timestamp(), asdict(link)]
        token = urlsafe_b64encode(json.dumps(content).encode()).decode()
        return f"https://modelgate.example/api/approvals/{token}"

    def read(self, *, token: str, max_age_seconds: float) -> Link | None:
        try:
            made_at, link = json.loads(urlsafe_b64decode(token))
        except ValueError:
            return None
        is_old = self._clock.now().timestamp() - made_at > max_age_seconds
        return None if is_old else Link(**(link | {"release_id": ReleaseId(link["release_id"])}))


class FakeLetters:
    """Short mails with everything in them that a test may look for."""

    def approval_request(
        self, *, release: Release, stage: Stage, evidence: Evidence, approver: str, url: str
    ) -> Mail:
        return Mail(
            operation_id=operation_id(release.id, stage.name, str(evidence.ask), approver),
            to=approver,
            subject=f"Approve {release.model.name} {release.model.version} for {stage.name}",
            text=url,
            html=f'<a href="{url}">{person_key(approver)}</a>',
            thread=release.id,
        )

    def release_ended(self, *, release: Release, decisions: Sequence[Decision], to: str) -> Mail:
        said = ", ".join(f"{decision.approver}: {decision.choice}" for decision in decisions)
        text = f"{release.outcome}: {release.reason} ({said})"
        return Mail(
            operation_id=operation_id(release.id, "ended", to),
            to=to,
            subject=f"{release.outcome}: {release.model.name} {release.model.version}",
            text=text,
            html=f"<p>{text}</p>",
            thread=release.id,
        )
