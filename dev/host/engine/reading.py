"""Instances and entities as clients see them: states, queries, filters, pages.

What is left out is left out by the extension: no version, no execution id, no failure details.
"""

from collections.abc import Sequence
from datetime import datetime

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from dev.host.engine.entities import Entities, Entity, entity_metadata
from dev.host.engine.model import Instance, text, time_of, timestamp


def instance_state(instance: Instance, *, inputs_and_outputs: bool) -> pb.OrchestrationState:
    """One instance as `GetInstance` gives it; without payloads no custom status either."""
    state = pb.OrchestrationState(
        instanceId=instance.id,
        name=instance.started.name,
        orchestrationStatus=instance.status,
        createdTimestamp=timestamp(instance.created_at),
        lastUpdatedTimestamp=timestamp(instance.updated_at),
        tags=instance.started.tags,
    )
    if instance.started.HasField("parentInstance"):
        parent = instance.started.parentInstance.orchestrationInstance
        state.parentInstanceId.value = parent.instanceId
    if inputs_and_outputs:
        if instance.started.HasField("input"):
            state.input.CopyFrom(instance.started.input)
        _set_output(state, instance)
    return state


def query_instances(
    instances: Sequence[Instance], query: pb.InstanceQuery
) -> pb.QueryInstancesResponse:
    """One page of the instances that a query selects, in the order of their ids."""
    chosen = sorted((i for i in instances if _selected(i, query)), key=lambda i: i.id)
    page, token = _page(chosen, query.maxInstanceCount, query.continuationToken)
    states = []
    for instance in page:
        state = instance_state(instance, inputs_and_outputs=query.fetchInputsAndOutputs)
        # Of a query's states only the input is left out, so output and custom status are here.
        _set_output(state, instance)
        states.append(state)
    return pb.QueryInstancesResponse(orchestrationState=states, continuationToken=token)


def query_entities(entities: Entities, query: pb.EntityQuery) -> pb.QueryEntitiesResponse:
    """One page of the entities that a query selects, in the order of their ids."""

    def selected(entity: Entity) -> bool:
        return entity.id.startswith(query.instanceIdStartsWith.value) and _between(
            entity.modified_at,
            time_of(query.lastModifiedFrom) if query.HasField("lastModifiedFrom") else None,
            time_of(query.lastModifiedTo) if query.HasField("lastModifiedTo") else None,
        )

    chosen = entities.select(selected, transient=query.includeTransient)
    page, token = _page(chosen, query.pageSize.value, query.continuationToken)
    return pb.QueryEntitiesResponse(
        entities=[entity_metadata(e, include_state=query.includeState) for e in page],
        continuationToken=token,
    )


def purgeable(instance: Instance, wanted: pb.PurgeInstanceFilter) -> bool:
    """Whether a purge by filter takes the instance; without statuses running ones go too."""
    if wanted.runtimeStatus and instance.status not in wanted.runtimeStatus:
        return False
    return _created_between(instance, wanted)


def _set_output(state: pb.OrchestrationState, instance: Instance) -> None:
    if (output := text(instance.output)) is not None:
        state.output.CopyFrom(output)
    if (custom_status := text(instance.custom_status)) is not None:
        state.customStatus.CopyFrom(custom_status)


def _selected(instance: Instance, query: pb.InstanceQuery) -> bool:
    if query.runtimeStatus and instance.status not in query.runtimeStatus:
        return False
    starts = instance.id.startswith(query.instanceIdPrefix.value)
    return starts and _created_between(instance, query)


def _created_between(instance: Instance, wanted: pb.InstanceQuery | pb.PurgeInstanceFilter) -> bool:
    return _between(
        instance.created_at,
        time_of(wanted.createdTimeFrom) if wanted.HasField("createdTimeFrom") else None,
        time_of(wanted.createdTimeTo) if wanted.HasField("createdTimeTo") else None,
    )


def _between(when: datetime, first: datetime | None, last: datetime | None) -> bool:
    return (first is None or when >= first) and (last is None or when <= last)


def _page[T](chosen: list[T], size: int, token: StringValue) -> tuple[list[T], StringValue | None]:
    """The page that begins where `token` says, and the token of the next one if there is one."""
    begin = int(token.value or 0)
    end = begin + size if size > 0 else len(chosen)
    return chosen[begin:end], text(str(end)) if end < len(chosen) else None
