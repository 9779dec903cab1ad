metadata description = '''Event Grid's system topic of the QA workspace, which tells of registrations. Deployed into the workspace's
resource group, since Event Grid wants it in the subscription and the region of its source.'''

@description('Name of the workspace.')
param workspaceName string

@description('Region of the workspace.')
param location string

@description('Tags of the topic.')
param tags object

@description('Name of a new topic.')
@minLength(3)
@maxLength(50)
param name string

@description('Name of the topic that there is already; empty makes a new one.')
@maxLength(50)
param existingName string

@description('ARM id of the Log Analytics workspace that is told of failed deliveries.')
param logWorkspaceId string

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = {
  name: workspaceName
}

// Somebody else's topic keeps its tags and its other subscriptions; it needs a system-assigned identity.
resource existingTopic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = if (!empty(existingName)) {
  name: empty(existingName) ? name : existingName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (empty(existingName)) {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: workspace.id
    topicType: 'Microsoft.MachineLearningServices.Workspaces'
  }
}

resource failures 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (empty(existingName)) {
  name: 'failures'
  scope: topic
  properties: {
    workspaceId: logWorkspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'DeliveryFailures', enabled: true }]
  }
}

@description('ARM id of the topic.')
output id string = empty(existingName) ? topic.id : existingTopic.id

@description('Name of the topic.')
output name string = empty(existingName) ? topic.name : existingTopic.name

@description('Object id of the topic\'s identity, which writes dead letters.')
output principalId string = empty(existingName) ? topic!.identity.principalId : existingTopic!.identity.principalId
