"""Several releases on one clock, people who act at given times, and who got which mail when."""

import heapq
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from shared.domain.ask import Ask
from shared.domain.decision import Choice
from shared.domain.evidence import Evidence
from shared.domain.pipeline import Pipeline
from shared.domain.policy import ApprovalPolicy, Voice
from shared.domain.release import AuditEvent, EventType, Outcome, Release, ReleaseId
from shared.ports import Mail
from shared.workflow.contract import Activity
from shared.workflow.sweeper import sweep
from tests.fakes import FakeClock, FakeMailer, World
from tests.fakes.running import START
from tests.unit.workflow.crashing import EngineLost
from tests.unit.workflow.inline import MOST_TIMERS, Inline, Wait
from tests.unit.workflow.releasing import ADA, PIPELINE, PROD_STAGE, QA_STAGE, Releasing

CAROL, DAN = "carol@example.com", "dan@example.com"
DAY, HOUR = 86400.0, 3600.0

type Deed = Callable[[], object]


def policy(*voices: Voice | str, **fields: Any) -> ApprovalPolicy:  # noqa: ANN401
    """A policy of persons and groups, for a day unless said otherwise."""
    said = [each if isinstance(each, Voice) else Voice(each, (each,)) for each in voices]
    return ApprovalPolicy(tuple(said), **{"timeout_seconds": DAY, **fields})


def gated(approval: ApprovalPolicy | None, **fields: Any) -> Pipeline:  # noqa: ANN401
    """The pipeline with another gate, and with other things in its last stage."""
    prod = replace(PROD_STAGE, approval=approval, **fields)
    return replace(PIPELINE, stages=(QA_STAGE, prod))


class TimedMailer(FakeMailer):
    """Writes down when a mail was taken, and how often any was handed over."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.log: list[tuple[datetime, Mail]] = []
        self.tries = 0

    def send(self, *, mail: Mail) -> None:
        self.tries += 1
        before = len(self.sent)
        super().send(mail=mail)
        if len(self.sent) > before:
            self.log.append((self.clock.now(), mail))


@dataclass
class _Running:
    """An orchestration that is under way."""

    steps: Generator[Wait, None, str]
    due: datetime
    wait: Wait | None = None
    news: int = 0
    """Events that came while nobody waited for any."""


@dataclass
class Timeline:
    """What happens from `START` on. The first line of any test: which pipeline."""

    pipeline: Pipeline = PIPELINE
    serves: bool = True
    """Whether an older version that nobody knows of serves in PROD."""

    deliveries: int = 1
    """How often each activity runs."""

    world: World = field(init=False)
    releasing: Releasing = field(init=False)
    inlines: dict[ReleaseId, Inline] = field(default_factory=dict)
    ended: dict[ReleaseId, datetime] = field(default_factory=dict)
    losses: int = 0

    def __post_init__(self) -> None:
        clock = FakeClock()
        self.mailer = TimedMailer(clock)
        self.world = World((self.pipeline,), clock=clock, mailer=self.mailer)
        self.releasing = Releasing(self.world)
        self.services = self.world.services
        self._running: dict[ReleaseId, _Running] = {}
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._order = count()
        self._rung = 0
        if self.serves:
            self.releasing.serve(PROD_STAGE)

    def begin(self, version: str = "3", **more: Any) -> ReleaseId:  # noqa: ANN401
        """Register a version; its release begins at once."""
        release_id = self.releasing.begin(version, **more)
        self.starts(release_id)()
        return release_id

    def starts(self, release_id: ReleaseId) -> Deed:
        """The orchestration of a release that is reserved, for `at`."""
        return lambda: self.world.orchestrations.start(release_id=release_id)

    def at(self, deed: Deed, **after: float) -> None:
        """Let something happen so long after `START`: `at(deed, hours=2)`."""
        moment = START + timedelta(**after)
        heapq.heappush(self._deeds, (moment, next(self._order), deed))

    def decides(
        self,
        release_id: ReleaseId,
        choice: Choice,
        by: str = ADA,
        *,
        rings: bool = True,
        **more: Any,  # noqa: ANN401 - of the decision
    ) -> Deed:
        """Somebody's answer, for `at`."""

        def deed() -> None:
            self.releasing.decide(release_id, choice, by, **more)
            if rings:
                self.world.orchestrations.ring(release_id=release_id)

        return deed

    def deploys(self, pipeline: Pipeline) -> Deed:
        """The app with another pipeline, for `at`."""

        def deed() -> None:
            self.world.pipelines = (pipeline,)
            self.services = self.world.services
            for inline in self.inlines.values():
                inline.services = self.services

        return deed

    def sweeps(self, *, every_seconds: float, until: datetime) -> None:
        """Let the sweeper look after all releases at intervals."""
        moment = self.world.clock.now()
        while (moment := moment + timedelta(seconds=every_seconds)) < until:
            heapq.heappush(self._deeds, (moment, next(self._order), self.sweep))

    def sweep(self) -> None:
        """Let the sweeper look after all releases once."""
        sweep(self.world.services, self.world.orchestrations)

    def run(self, **until: float) -> None:
        """Let time pass, up to so long after `START` or until nothing is left to happen."""
        end = START + timedelta(**until) if until else None
        while True:
            self._start()
            if self._hear():
                continue
            moment, happens = self._next()
            if happens is None or (end is not None and moment > end):
                break
            self.world.clock.time = max(self.world.clock.time, moment)
            self.world.endpoints.pass_time()
            happens()
        if end is not None:
            self.world.clock.time = max(self.world.clock.time, end)

    def go_on(self, **duration: float) -> None:
        """Let so much time pass from now on."""
        until = self.world.clock.now() + timedelta(**duration)
        self.run(seconds=(until - START).total_seconds())

    def release(self, release_id: ReleaseId) -> Release:
        return self.releasing.release(release_id)

    def outcome(self, release_id: ReleaseId) -> Outcome | None:
        return self.release(release_id).outcome

    def ask(self, release_id: ReleaseId) -> Ask:
        """The newest ask of PROD."""
        ask = self.release(release_id).stages[-1].ask
        assert ask is not None
        return ask

    def evidence(self, release_id: ReleaseId, number: int | None = None) -> Evidence:
        """What people were shown at PROD's gate."""
        number = number or self.ask(release_id).number
        found = self.world.store.evidence(release_id=release_id, stage="prod", ask=number)
        assert found is not None
        return found

    def events(self, release_id: ReleaseId, type_: EventType) -> list[AuditEvent]:
        found = self.world.store.events(release_id=release_id)
        return [event for event in found if event.type is type_]

    def started_at(self, release_id: ReleaseId) -> float:
        """When PROD started, in hours after `START`."""
        started = self.events(release_id, EventType.STAGE_STARTED)
        (at,) = [event.at for event in started if event.stage == "prod"]
        return (at - START).total_seconds() / HOUR

    def mails(self, to: str) -> list[tuple[float, str]]:
        """What somebody has got: hours after `START`, and `request 0` or the outcome."""
        return [
            (round((at - START).total_seconds() / HOUR, 2), mail.text.partition(":")[0])
            for at, mail in self.mailer.log
            if mail.to == to
        ]

    def calls(self, release_id: ReleaseId) -> Mapping[Activity, int]:
        return Counter(self.inlines[release_id].calls)

    def _start(self) -> None:
        for release_id in sorted(self.world.orchestrations.running - self._running.keys()):
            inline = Inline(self.world, self.services, deliveries=self.deliveries)
            self.inlines[release_id] = inline
            now = self.world.clock.now()
            self._running[release_id] = _Running(inline.steps(release_id), now)

    def _hear(self) -> bool:
        """Deliver what was rung; whether anybody was waiting for it."""
        rung = self.world.orchestrations.rung
        for release_id in rung[self._rung :]:
            if release_id in self._running:
                self._running[release_id].news += 1
        self._rung = len(rung)
        for release_id, there in self._running.items():
            if there.news and there.wait is not None and there.wait.news is not None:
                there.news -= 1
                there.wait.news.complete(None)
                self._resume(release_id)
                return True
        return False

    def _next(self) -> tuple[datetime, Deed | None]:
        moment, happens = datetime.max.replace(tzinfo=START.tzinfo), None
        for release_id, there in self._running.items():
            if there.due < moment:
                moment, happens = there.due, self._wakes(release_id)
        if self._deeds and self._deeds[0][0] <= moment:
            moment, _, deed = self._deeds[0]

            def happens() -> None:
                heapq.heappop(self._deeds)
                deed()

        return moment, happens

    def _wakes(self, release_id: ReleaseId) -> Deed:
        def deed() -> None:
            wait = self._running[release_id].wait
            if wait is not None:
                wait.timer.complete(None)
            self._resume(release_id)

        return deed

    def _resume(self, release_id: ReleaseId) -> None:
        there = self._running[release_id]
        try:
            there.wait = next(there.steps)
        except StopIteration:
            self._gone(release_id)
            self.ended.setdefault(release_id, self.world.clock.now())
        except EngineLost:
            self.losses += 1
            self._gone(release_id)
        else:
            self.inlines[release_id].timers += 1
            assert self.inlines[release_id].timers < MOST_TIMERS, "the release is stuck"
            there.due = self.world.clock.now() + there.wait.timer.duration

    def _gone(self, release_id: ReleaseId) -> None:
        del self._running[release_id]
        self.world.orchestrations.running.discard(release_id)
