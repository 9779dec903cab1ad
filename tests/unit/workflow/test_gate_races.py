"""Two versions that come to a gate in the same moment, in every order of their writes."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from shared.domain.decision import Choice
from shared.domain.policy import Supersede
from shared.domain.release import ModelVersion, ReleaseId, StageRecord, StageState
from shared.domain.trail import begin
from shared.ports import Services
from shared.workflow.activities import run_activity
from shared.workflow.contract import Activity, AnswerState, payload
from tests.fakes import World
from tests.fakes.running import START
from tests.unit.workflow.interleaving import Pause, Work, orders, pausing, together
from tests.unit.workflow.releasing import ADA, BOB, QA, Releasing
from tests.unit.workflow.timeline import gated, policy

PIPELINE = gated(policy(ADA, BOB, supersede=Supersede.REPLACE))


class Race:
    """An older and a newer release that have passed QA and ask next."""

    def __init__(self, methods: Sequence[str]) -> None:
        self.methods = methods
        self.world = World((PIPELINE,))
        self.releasing = Releasing(self.world)
        self.services = replace(self.world.services, publisher=None)
        self.older, self.newer = self._at_the_gate("3"), self._at_the_gate("4")
        self.rung: list[str] = []
        self.left: dict[ReleaseId, str] = {}

    def _at_the_gate(self, version: str) -> ReleaseId:
        model, at = ModelVersion("diabetes", version), START + timedelta(minutes=int(version))
        there = self.world.models.add(QA, model, at=at)
        self.world.artifacts.write(there.container, there.path)
        change = begin(PIPELINE, model, at=START)
        passed = StageRecord("qa", StageState.SUCCEEDED, START, START)
        release = change.release.with_stage(passed)
        assert self.world.store.create(release=release, events=change.events)
        run_activity(Activity.BEGIN_RELEASE, self.services, payload(release.id))
        return release.id

    def asks(self, release_id: ReleaseId) -> Callable[[Pause], Work]:
        """What the orchestrator does at the gate: ask, ring, review."""

        def work(pause: Pause) -> Work:
            services = pausing(self.services, pause, *self.methods)

            def does() -> None:
                asked = self._until_done(Activity.ASK_APPROVAL, services, release_id)
                self.rung += asked.get("value", {}).get("ring", [])
                self.left[release_id] = self.reviews(release_id)

            return does

        return work

    def starts(self, release_id: ReleaseId) -> Callable[[Pause], Work]:
        """What the orchestrator does once people have approved."""

        def work(pause: Pause) -> Work:
            services = pausing(self.services, pause, *self.methods)

            def does() -> None:
                answer = self._until_done(Activity.START_STAGE, services, release_id)
                self.left[release_id] = str(answer["outcome"] or answer["value"]["started"])

            return does

        return work

    def reviews(self, release_id: ReleaseId) -> str:
        """How a look at the ask ends."""
        answer = self._until_done(Activity.REVIEW_APPROVAL, self.services, release_id)
        return str(answer["outcome"] or answer["value"])

    def _until_done(self, activity: Activity, services: Services, release_id: ReleaseId) -> Any:  # noqa: ANN401
        for _ in range(5):
            answer = run_activity(activity, services, payload(release_id, "prod"))
            if answer["state"] != AnswerState.PENDING:
                return answer
        raise AssertionError(f"{activity} meets other writers for ever")


def race(order: Sequence[int], *methods: str) -> tuple[tuple[int, ...], tuple[bool, bool]]:
    """The order that it came to, and whether the older one saw the newer, and was rung."""
    there = Race(methods)
    taken = together([there.asks(there.older), there.asks(there.newer)], order)
    older, newer = (there.releasing.release(each) for each in (there.older, there.newer))
    assert (older.superseded_by, newer.superseded_by) == (there.newer, None), taken
    assert there.left[there.newer].startswith("{'waiting': True"), taken
    saw_it_itself, is_rung = there.left[there.older] == "Superseded", there.older in there.rung
    assert saw_it_itself or is_rung, f"nobody tells it: {taken}"
    assert there.reviews(there.older) == "Superseded", taken
    return taken, (saw_it_itself, is_rung)


def test_in_whatever_order_they_write_the_older_gives_way_and_the_newer_stays() -> None:
    ways = Counter[tuple[bool, bool]]()

    def run(order: Sequence[int]) -> tuple[int, ...]:
        taken, way = race(order, "save", "waiting")
        ways[way] += 1
        return taken

    found = list(orders(run))
    assert len(found) == len(set(found)) == ways.total() > 100
    assert ways.keys() == {(True, True), (True, False), (False, True)}


def test_so_it_is_when_what_they_read_grows_old() -> None:
    chance = Random(7)  # noqa: S311 - the same orders each time
    for _ in range(250):
        order = [chance.randrange(2) for _ in range(40)]
        race(order, "save", "waiting", "get")


def test_who_starts_is_not_superseded_and_who_is_superseded_does_not_start() -> None:
    ways = Counter[bool]()

    def run(order: Sequence[int]) -> tuple[int, ...]:
        there = Race(("save", "waiting", "get"))
        run_activity(Activity.ASK_APPROVAL, there.services, payload(there.older, "prod"))
        there.releasing.decide(there.older, Choice.APPROVE)
        taken = together([there.starts(there.older), there.asks(there.newer)], order)
        older = there.releasing.release(there.older)
        has_started = older.stages[1].state is StageState.COPYING
        assert has_started is (older.superseded_by is None), taken
        assert there.left[there.older] == ("True" if has_started else "Superseded"), taken
        ways[has_started] += 1
        return taken

    assert len(list(orders(run))) == ways.total() > 20
    assert ways.keys() == {True, False}
