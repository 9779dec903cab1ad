"""The activities: idempotent, each a function of a turn and its payload."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.domain.pipeline import Json
from shared.ports import Services
from shared.workflow.activities.begin import begin_release
from shared.workflow.activities.copy import copy_model
from shared.workflow.activities.deploy import (
    deploy_model,
    prepare_endpoint,
    reserve_endpoint,
)
from shared.workflow.activities.end import end_release, wrap_up
from shared.workflow.activities.gate import ask_approval, review_approval, start_stage
from shared.workflow.activities.probe import probe_deployment
from shared.workflow.activities.traffic import finish_stage, shift_traffic, undo_stage
from shared.workflow.contract import Activity
from shared.workflow.turn import Body, run

BODIES: Mapping[Activity, Body] = MappingProxyType(
    {
        Activity.BEGIN_RELEASE: begin_release,
        Activity.ASK_APPROVAL: ask_approval,
        Activity.REVIEW_APPROVAL: review_approval,
        Activity.START_STAGE: start_stage,
        Activity.COPY_MODEL: copy_model,
        Activity.RESERVE_ENDPOINT: reserve_endpoint,
        Activity.PREPARE_ENDPOINT: prepare_endpoint,
        Activity.DEPLOY_MODEL: deploy_model,
        Activity.PROBE_DEPLOYMENT: probe_deployment,
        Activity.SHIFT_TRAFFIC: shift_traffic,
        Activity.FINISH_STAGE: finish_stage,
        Activity.UNDO_STAGE: undo_stage,
        Activity.END_RELEASE: end_release,
        Activity.WRAP_UP: wrap_up,
    }
)


def run_activity(
    activity: Activity, services: Services, data: Mapping[str, Json]
) -> dict[str, Json]:
    """Run an activity on its payload; the answer as JSON. Raises what nobody expected."""
    return run(activity, BODIES[activity], services, data).to_json()
