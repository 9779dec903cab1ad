metadata description = 'Durable Task Scheduler, for those who outgrow Azure Storage as the back end of Durable Functions.'

import { roles } from '../roles.bicep'

@description('Region of the scheduler.')
param location string

@description('Tags of the scheduler.')
param tags object

@description('Name of the scheduler.')
@minLength(3)
@maxLength(64)
param name string

@description('Name of the task hub.')
@minLength(3)
@maxLength(64)
param taskHub string

@description('Object id of the app\'s identity.')
param principalId string

@description('Client id of the app\'s identity.')
param clientId string

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'Consumption' }
    // It has no network rules beyond this list: who may come in is for the role to say.
    ipAllowlist: ['0.0.0.0/0']
  }

  resource hub 'taskHubs' = {
    name: taskHub
    properties: {}
  }
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(scheduler::hub.id, principalId, roles.durableTaskDataContributor)
  scope: scheduler::hub
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.durableTaskDataContributor)
  }
}

@description('How the app reaches the scheduler; it holds no key.')
output connectionString string = 'Endpoint=${scheduler.properties.endpoint};Authentication=ManagedIdentity;ClientID=${clientId}'
