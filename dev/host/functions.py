"""The indexed functions of an app: their triggers, bindings and names."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_LOGGER = logging.getLogger(__name__)

HTTP = "httpTrigger"
TIMER = "timerTrigger"
EVENT_GRID = "eventGridTrigger"
ORCHESTRATION = "orchestrationTrigger"
ACTIVITY = "activityTrigger"
ENTITY = "entityTrigger"
DURABLE_CLIENT = "durableClient"

_NAME_IN_BINDING = {ORCHESTRATION: "orchestration", ACTIVITY: "activity", ENTITY: "entityName"}
_TRIGGERS = {HTTP, TIMER, EVENT_GRID, ORCHESTRATION, ACTIVITY, ENTITY}
_OTHERS = {DURABLE_CLIENT, "http"}


@dataclass(frozen=True)
class Binding:
    """One binding, as `function.json` would have it."""

    type: str
    name: str
    is_output: bool
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Function:
    """One function that this host can run."""

    name: str
    function_id: str
    trigger: Binding
    bindings: tuple[Binding, ...]

    @property
    def durable_name(self) -> str:
        """The name that orchestrators call it by: its binding's, else the function's."""
        key = _NAME_IN_BINDING[self.trigger.type]
        return str(self.trigger.settings.get(key) or self.name)


class Functions:
    """An app's functions, by name and by trigger."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self._all = tuple(functions)
        self.orchestrators = self._durable(ORCHESTRATION)
        self.activities = self._durable(ACTIVITY)
        self.entities = self._durable(ENTITY)

    @property
    def names(self) -> list[str]:
        """All names, in the order of the app."""
        return [function.name for function in self._all]

    def with_trigger(self, trigger_type: str) -> list[Function]:
        """The functions that a trigger of this type starts."""
        return [function for function in self._all if function.trigger.type == trigger_type]

    def find(self, trigger_type: str, name: str) -> Function | None:
        """The function of exactly this name (case counts) with this type of trigger."""
        return next((f for f in self.with_trigger(trigger_type) if f.name == name), None)

    def _durable(self, trigger_type: str) -> dict[str, Function]:
        # The extension's FunctionName compares without case.
        return {f.durable_name.casefold(): f for f in self.with_trigger(trigger_type)}


def parse_functions(metadata: Iterable[Any], environment: Mapping[str, str]) -> Functions:
    """Make the model of the worker's `RpcFunctionMetadata`.

    A function with a binding that this host does not serve is left out with a warning, and so is
    one that `AzureWebJobs.<name>.Disabled` switches off, as in Azure.
    """
    return Functions(
        function
        for function in map(_parse_function, metadata)
        if function is not None and not _is_disabled(function.name, environment)
    )


def _parse_function(metadata: Any) -> Function | None:  # noqa: ANN401 (a worker's message)
    bindings = tuple(_parse_binding(raw) for raw in metadata.raw_bindings)
    unknown = {binding.type for binding in bindings} - _TRIGGERS - _OTHERS
    triggers = [binding for binding in bindings if binding.type in _TRIGGERS]
    if unknown or len(triggers) != 1:
        _LOGGER.warning("%s is left out: no %s here", metadata.name, ", ".join(sorted(unknown)))
        return None
    return Function(metadata.name, metadata.function_id, triggers[0], bindings)


def _parse_binding(raw: str) -> Binding:
    settings = json.loads(raw)
    is_output = str(settings["direction"]).upper() == "OUT"
    return Binding(settings["type"], settings["name"], is_output, settings)


def _is_disabled(name: str, environment: Mapping[str, str]) -> bool:
    # Linux allows no dots in a variable's name; Azure reads the double underscore alike.
    settings = (f"AzureWebJobs.{name}.Disabled", f"AzureWebJobs__{name}__Disabled")
    return any(environment.get(setting, "").lower() in {"true", "1"} for setting in settings)
