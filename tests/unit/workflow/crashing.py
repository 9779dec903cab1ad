"""Ports that break at one chosen call, before or after it had its effect."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from shared.domain.errors import StepError
from shared.ports import ConflictError, Services
from tests.fakes.failures import PASSING

PORTS = (
    "models",
    "endpoints",
    "artifacts",
    "preflight",
    "store",
    "mailer",
    "publisher",
    "links",
    "attempts",
    "letters",
)


class EngineLost(BaseException):
    """The process died: nothing of the program goes on."""


BREAKS: dict[str, Callable[[], BaseException]] = {
    "engine lost": EngineLost,
    "conflict": lambda: ConflictError("somebody else wrote first"),
    "passing failure": lambda: StepError(PASSING),
    "unexpected": lambda: RuntimeError("nobody expected this"),
}


@dataclass
class Breaker:
    """Counts the calls of all ports and breaks one of them."""

    at: int | None = None
    after: bool = False
    kind: str = "engine lost"
    count: int = 0
    methods: tuple[str, ...] = ()
    """What was called, as `port.method`."""

    def call(self, name: str, method: Callable[..., Any], given: dict[str, Any]) -> Any:  # noqa: ANN401
        self.count += 1
        self.methods += (name,)
        is_now = self.count == self.at
        if is_now and not self.after:
            raise BREAKS[self.kind]()
        result = method(**given)
        if is_now:
            raise BREAKS[self.kind]()
        return result

    def over(self, services: Services) -> Services:
        """The same services, with every call of a port going through here."""
        assert {field.name for field in fields(services)} == {
            *PORTS,
            "pipelines",
            "clock",
            "sign_in",
            "telemetry",
        }
        ports: dict[str, Any] = {name: _Port(self, name, getattr(services, name)) for name in PORTS}
        return replace(services, **ports)


class _Port:
    """A port whose calls are counted."""

    def __init__(self, breaker: Breaker, name: str, port: object) -> None:
        self._breaker = breaker
        self._name = name
        self._port = port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**given: Any) -> Any:  # noqa: ANN401
            name = f"{self._name}.{method}"
            return self._breaker.call(name, getattr(self._port, method), given)

        return call
