"""The `Letters` port: mails from templates, in text and HTML."""

from collections.abc import Sequence

from shared.domain.decision import Decision
from shared.domain.evidence import Evidence
from shared.domain.names import operation_id
from shared.domain.pipeline import Stage
from shared.domain.release import Release
from shared.ports import Mail
from shared.web.documents import release_path
from shared.web.facts import facts_of
from shared.web.render import render


class HtmlLetters:
    """See `shared.ports.Letters`."""

    def __init__(self, *, base_url: str) -> None:
        """Letters of the service at `base_url`, for example `https://modelgate.example`."""
        self._base_url = base_url.rstrip("/")

    def approval_request(
        self, *, release: Release, stage: Stage, evidence: Evidence, approver: str, url: str
    ) -> Mail:
        """To one approver: what is asked, what was measured, by when, one link."""
        ask = release.stage_named(stage.name).ask
        assert ask is not None, "people are told of an ask that is stored"
        return _mail(
            "approval_request",
            operation_id=operation_id(
                release.id, stage.name, str(ask.number), approver, "approval-request"
            ),
            to=approver,
            thread=release.id,
            facts=facts_of(release, stage.name, ask, evidence),
            instructions=stage.approval.instructions if stage.approval else "",
            approver=approver,
            url=url,
        )

    def release_ended(self, *, release: Release, decisions: Sequence[Decision], to: str) -> Mail:
        """To one owner: how a release ended, and why."""
        assert release.outcome is not None, "owners are told of an end that is stored"
        return _mail(
            "release_ended",
            operation_id=operation_id(release.id, to, "release-ended"),
            to=to,
            thread=release.id,
            release=release,
            decisions=decisions,
            status_url=self._base_url + release_path(release.id),
        )


def _mail(name: str, *, operation_id: str, to: str, thread: str, **values: object) -> Mail:
    folder = f"email/{name}"
    subject = render(f"{folder}/subject.txt", **values)
    return Mail(
        operation_id=operation_id,
        to=to,
        subject=" ".join(subject.split()),  # a header is one line
        text=render(f"{folder}/body.txt", **values),
        html=render(f"{folder}/body.html", subject=" ".join(subject.split()), **values),
        thread=thread,
    )
