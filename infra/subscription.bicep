metadata description = '''Subscribes the app to the QA workspace's registrations. Deployed after the code, since Event Grid asks the
app for the function before it accepts the subscription; infra/hooks/subscribe.sh does it.'''

@description('Name of the system topic.')
param topicName string

@description('ARM id of the function app.')
param appId string

@description('ARM id of the storage account with the container of dead letters.')
param storageId string

@description('Name of the container of dead letters.')
param deadLetterContainer string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource registrations 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'modelgate'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    filter: {
      includedEventTypes: ['Microsoft.MachineLearningServices.ModelRegistered']
    }
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${appId}/functions/model_registered'
        // one event that fails would have its whole batch delivered again
        maxEventsPerBatch: 1
      }
    }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: storageId, blobContainerName: deadLetterContainer }
      }
    }
  }
}
