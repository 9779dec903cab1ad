"""Registrations reach the function that takes them; what cannot be delivered is kept."""

import pytest

from shared.domain.registration import MODEL_REGISTERED
from tests.infra.evaluated import DEPLOYMENTS, resource, resources, role_names, shape
from tests.infra.functions import function_names

SUBSCRIPTION = resource("subscription", "Microsoft.EventGrid/systemTopics/eventSubscriptions")[
    "properties"
]


def test_only_registrations_are_subscribed_to() -> None:
    assert SUBSCRIPTION["filter"] == {"includedEventTypes": [MODEL_REGISTERED]}


def test_they_go_to_the_function_of_the_app() -> None:
    destination = SUBSCRIPTION["destination"]
    assert destination["endpointType"] == "AzureFunction"
    app, _, function = destination["properties"]["resourceId"].partition("/functions/")
    assert app.endswith("/Microsoft.Web/sites/func-token")
    assert function == "model_registered"
    assert function in function_names()
    assert destination["properties"]["maxEventsPerBatch"] == 1


def test_delivery_is_tried_for_a_day_and_kept_by_identity_then() -> None:
    assert SUBSCRIPTION["retryPolicy"] == {
        "maxDeliveryAttempts": 30,
        "eventTimeToLiveInMinutes": 1440,
    }
    kept = SUBSCRIPTION["deadLetterWithResourceIdentity"]
    assert kept["identity"] == {"type": "SystemAssigned"}
    assert kept["deadLetterDestination"]["properties"]["blobContainerName"] == "deadletter"


NEW_TOPIC = [name for name in DEPLOYMENTS if name != "existing-topic"]


@pytest.mark.parametrize("name", NEW_TOPIC)
def test_the_topic_is_the_qa_workspaces_and_may_write_dead_letters(name: str) -> None:
    topic = resource(name, "Microsoft.EventGrid/systemTopics")
    assert topic["properties"]["topicType"] == "Microsoft.MachineLearningServices.Workspaces"
    assert topic["properties"]["source"].endswith("/workspaces/wk-qa")
    assert topic["identity"] == {"type": "SystemAssigned"}
    container = resource(
        name, "Microsoft.Storage/storageAccounts/blobServices/containers", "deadletter"
    )
    (writer,) = [
        each
        for each in shape(name)["predictedResources"]
        if each["type"] == "Microsoft.Authorization/roleAssignments"
        and "/systemTopics/" in each["properties"]["principalId"]
    ]
    assert f"'{container['id']}'" in writer["id"]
    role = writer["properties"]["roleDefinitionId"].split("/")[-1]
    assert role_names()[role] == "storageBlobDataContributor"


def test_a_topic_that_is_there_is_used_and_left_as_it_is() -> None:
    assert resources("existing-topic", "Microsoft.EventGrid/systemTopics") == []
    assert shape("existing-topic")["outputs"]["MODELGATE_SYSTEM_TOPIC"] == "workspace-events"
    writers = [
        each["properties"]["principalId"]
        for each in resources("existing-topic", "Microsoft.Authorization/roleAssignments")
        if "/systemTopics/" in each["properties"]["principalId"]
    ]
    (writer,) = writers
    assert "/systemTopics/workspace-events'" in writer


@pytest.mark.parametrize("name", NEW_TOPIC)
def test_what_subscribing_needs_is_told(name: str) -> None:
    outputs = shape(name)["outputs"]
    topic = resource(name, "Microsoft.EventGrid/systemTopics")
    assert outputs["MODELGATE_SYSTEM_TOPIC"] == topic["name"]
    told = [outputs["MODELGATE_QA_SUBSCRIPTION"], outputs["MODELGATE_QA_RESOURCE_GROUP"]]
    assert topic["id"].split("/")[2:5:2] == told
    assert outputs["MODELGATE_APP_ID"] == resource(name, "Microsoft.Web/sites")["id"]
    storage = resource(name, "Microsoft.Storage/storageAccounts")
    assert outputs["MODELGATE_STORAGE_ID"] == storage["id"]
    assert outputs["MODELGATE_DEAD_LETTER_CONTAINER"] == "deadletter"
