metadata description = '''Event Grid's system topic of the QA workspace, which tells of registrations. Deployed into the workspace's
resource group, since Event Grid wants it in the subscription and the region of its source.'''

@description('Name of the workspace.')
param workspaceName string

@description('Region of the workspace.')
param location string

@description('Tags of the topic.')
param tags object

@description('Name of the topic.')
@minLength(3)
@maxLength(50)
param name string

@description('ARM id of the Log Analytics workspace that is told of failed deliveries.')
param logWorkspaceId string

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = {
  name: workspaceName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: workspace.id
    topicType: 'Microsoft.MachineLearningServices.Workspaces'
  }
}

resource failures 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'failures'
  scope: topic
  properties: {
    workspaceId: logWorkspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'DeliveryFailures', enabled: true }]
  }
}

@description('ARM id of the topic.')
output id string = topic.id

@description('Name of the topic.')
output name string = topic.name

@description('Object id of the topic\'s identity, which writes dead letters.')
output principalId string = topic.identity.principalId
