"""What is kept, and what is forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dev.emulators.azureml import WorkspaceSpec
from dev.emulators.azureml.operations import new_operation, signed_query
from dev.emulators.azureml.state import MOST_OPERATIONS, Asset, Store


def test_written_and_read_again(tmp_path: Path, specs: tuple[WorkspaceSpec, ...]) -> None:
    store = Store(tmp_path / "state.json", specs, 1.0)
    workspace = store.workspaces[specs[0].arm_id.lower()]
    workspace.assets["models", "m", "1"] = Asset("models", "m", "1", {"tags": {}}, 2.0, 3.0)
    operation = new_operation(specs[0], "create", endpoint="e", started=5.0, seconds=9.0)
    store.operations[operation.name] = operation
    store.events.append({"subject": "models/m:1"})
    store.save()
    again = Store(tmp_path / "state.json", specs, 99.0)
    assert again.to_json() == store.to_json()
    assert signed_query(again.operations[operation.name]) == signed_query(operation)


def test_a_workspace_that_is_gone(tmp_path: Path, specs: tuple[WorkspaceSpec, ...]) -> None:
    store = Store(tmp_path / "state.json", specs, 1.0)
    operation = new_operation(specs[0], "create", endpoint="e", started=5.0, seconds=9.0)
    store.operations[operation.name] = operation
    store.save()
    assert Store(tmp_path / "state.json", specs[1:], 1.0).operations == {}


def test_old_operations_are_forgotten(tmp_path: Path, specs: tuple[WorkspaceSpec, ...]) -> None:
    store = Store(tmp_path / "state.json", specs, 1.0)
    for number in range(MOST_OPERATIONS + 5):
        operation = new_operation(specs[0], "create", endpoint="e", started=0.0, seconds=0.0)
        ended = replace(operation, ended=float(number + 1))
        store.operations[ended.name] = ended
    store.forget_operations()
    assert len(store.operations) == MOST_OPERATIONS
    assert min(op.ended for op in store.operations.values()) == 6.0
