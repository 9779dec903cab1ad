metadata description = 'Lets Event Grid\'s topic write to the container of dead letters, and to nothing else.'

import { roles } from '../roles.bicep'

@description('Name of the app\'s storage account.')
param storageName string

@description('Name of the container.')
param container string

@description('Object id of the topic\'s identity.')
param principalId string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource deadLetters 'containers' existing = {
      name: container
    }
  }
}

resource writing 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::deadLetters.id, principalId, roles.storageBlobDataContributor)
  scope: account::blobs::deadLetters
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}
