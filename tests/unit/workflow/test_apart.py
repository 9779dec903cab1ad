"""An approval holds only where registrants cannot write to what was approved."""

from dataclasses import replace

import pytest

from shared.domain.errors import StepError
from shared.ports import Container, RegisteredModel
from shared.workflow.apart import require_apart
from shared.workflow.turn import Turn
from tests.fakes import World
from tests.unit.workflow.releasing import PIPELINE, PROD, PROD_STAGE, QA, Releasing, with_stage

ELSEWHERE = "https://shared1.blob.core.windows.net"
TARGET = Container(PROD, "workspaceblobstore", ELSEWHERE, "azureml")


def asked(*storage: str, asks: bool = True) -> tuple[Turn, RegisteredModel]:
    """At the gate of PROD, and the model that is to be copied there."""
    stage = PROD_STAGE if asks else replace(PROD_STAGE, approval=None)
    pipeline = replace(with_stage(stage), storage=storage)
    releasing = Releasing(World((pipeline,)))
    stored = releasing.world.store.get(release_id=releasing.begin())
    assert stored is not None
    registered = releasing.world.models.get(workspace=QA, model=stored.release.model)
    assert registered is not None
    return Turn(releasing.world.services, stored, stage.name), registered


def test_an_account_of_its_own_is_taken() -> None:
    require_apart(*asked(), TARGET)


def test_the_account_of_the_model_is_refused() -> None:
    turn, registered = asked()
    registered = replace(registered, container=replace(registered.container, account_url=ELSEWHERE))
    with pytest.raises(StepError, match="StorageShared"):
        require_apart(turn, registered, TARGET)


def test_an_account_that_the_pipeline_allows_models_in_is_refused() -> None:
    with pytest.raises(StepError, match="StorageShared"):
        require_apart(*asked("shared1"), TARGET)


def test_the_source_workspaces_account_is_refused() -> None:
    turn, registered = asked()
    own = turn.services.models.default_container(workspace=PIPELINE.source)
    with pytest.raises(StepError, match="StorageShared"):
        require_apart(turn, registered, replace(TARGET, account_url=own.account_url))


def test_where_nobody_is_asked_there_is_no_approval_to_hold() -> None:
    turn, registered = asked(asks=False)
    require_apart(turn, registered, registered.container)
