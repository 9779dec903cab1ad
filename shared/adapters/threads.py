"""Threads that work for the release that their caller works for."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context


def in_threads[Item, Result](
    call: Callable[[Item], Result], items: Iterable[Item], *, threads: int, name: str
) -> list[Result]:
    """Call with each item, side by side; results in the items' order.

    What is logged and traced there belongs to the caller's release, which threads do not inherit.

    Raises:
        Exception: What the first item that failed raised, after all are through.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix=name) as pool:
        return [
            future.result()
            for future in [pool.submit(copy_context().run, call, item) for item in items]
        ]
