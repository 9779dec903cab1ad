metadata description = 'Roles on an existing storage account.'

@description('Name of the account.')
param name string

@description('Object id of the app\'s identity.')
param principalId string

@description('The roles.')
param storageRoles string[]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: name
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in storageRoles: {
    name: guid(account.id, principalId, role)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]
