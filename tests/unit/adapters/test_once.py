"""What is made once stays one thing, however many threads come together."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from shared.adapters.events import EventGridPublisher
from shared.adapters.mail import EmailMailer
from shared.adapters.once import Once
from shared.bootstrap import Application
from tests.structure.source import ROOT
from tests.unit.adapters.support import SETTINGS


def test_threads_that_come_together_get_the_same() -> None:
    together = Barrier(8)

    def make() -> object:
        time.sleep(0.05)
        return object()

    once = Once(make)

    def get(_: int) -> object:
        together.wait(10)
        return once()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(get, range(8)))) == 1


def test_what_could_not_be_made_is_tried_again() -> None:
    answers = iter([1 / 2])

    def make() -> float:
        if next(answers, None):
            raise OSError("not yet")
        return 1.0

    once = Once(make)
    with pytest.raises(OSError, match="not yet"):
        once()
    assert once() == 1.0


def test_the_app_is_put_together_once() -> None:
    together = Barrier(8)
    application = Application(SETTINGS, ROOT)

    def get(_: int) -> tuple[int, int, int]:
        together.wait(10)
        services = application.services
        mailer, publisher = services.mailer, services.publisher
        assert isinstance(mailer, EmailMailer)
        assert isinstance(publisher, EventGridPublisher)
        return id(services), id(mailer._client()), id(publisher._client())

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(get, range(8)))) == 1
