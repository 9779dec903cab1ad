metadata description = 'The topic that every change of a release is published to.'

import { roles } from '../roles.bicep'

@description('Region of the topic.')
param location string

@description('Tags of the topic.')
param tags object

@description('Name of the topic.')
@minLength(3)
@maxLength(50)
param name string

@description('Object id of the app\'s identity.')
param principalId string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource sending 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, principalId, roles.eventGridDataSender)
  scope: topic
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventGridDataSender)
  }
}

@description('Address that events are sent to.')
output endpoint string = topic.properties.endpoint

@description('Name of the topic, to subscribe to.')
output name string = topic.name
