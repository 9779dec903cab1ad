"""Runs pieces of work side by side, in every order of the calls that they make."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Semaphore, Thread
from typing import Any

from shared.ports import Services, Store

type Work = Callable[[], object]
type Pause = Callable[[], None]


class Worker:
    """Work in a thread of its own that stops before each of its calls until it is told to go on."""

    def __init__(self, work: Callable[[Pause], Work]) -> None:
        self._go, self._stopped = Semaphore(0), Semaphore(0)
        self._work = work(self.pause)
        self.is_done = False
        self.error: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Let it go on to its next call, or to its end."""
        self._go.release()
        self._stopped.acquire()
        if self.error is not None:
            raise self.error

    def pause(self) -> None:
        """Called by the work, right before a call."""
        self._stopped.release()
        self._go.acquire()

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - told by `step`
            self.error = error
        self.is_done = True
        self._stopped.release()


class PausingStore:
    """A store that lets a worker pause before some of its calls."""

    def __init__(self, store: Store, pause: Pause, methods: Sequence[str]) -> None:
        self._store = store
        self._pause = pause
        self._methods = methods

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call: Callable[..., Any] = getattr(self._store, method)

        def paused(**given: Any) -> Any:  # noqa: ANN401
            if method in self._methods:
                self._pause()
            return call(**given)

        return paused


def pausing(services: Services, pause: Pause, *methods: str) -> Services:
    """The services for a worker's work."""
    store: Any = PausingStore(services.store, pause, methods)
    return replace(services, store=store)


def orders(run: Callable[[Sequence[int]], tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """Every order of the steps of two workers, each once, found by running them.

    Args:
        run: Runs both anew: the first steps as they are given, then the first worker's as long as
            there are any, then the second's. Returns which worker made each of all the steps.
    """
    ahead: list[tuple[int, ...]] = [()]
    while ahead:
        begin = ahead.pop()
        whole = run(begin)
        yield whole
        ahead += [
            (*whole[:place], 1)
            for place in range(len(begin), len(whole))
            if whole[place] == 0 and 1 in whole[place:]
        ]


def together(works: Sequence[Callable[[Pause], Work]], begin: Sequence[int]) -> tuple[int, ...]:
    """Run two pieces of work in an order; see `orders`."""
    workers = [Worker(work) for work in works]
    taken: list[int] = []
    while any(not worker.is_done for worker in workers):
        wanted = begin[len(taken)] if len(taken) < len(begin) else 0
        place = wanted if not workers[wanted].is_done else 1 - wanted
        workers[place].step()
        taken.append(place)
    return tuple(taken)
