metadata description = 'What the app may do in a workspace. Deployed into the workspace\'s resource group.'

import { roles } from '../roles.bicep'

@description('Name of the workspace.')
param name string

@description('Object id of the app\'s identity.')
param principalId string

@description('Roles on the storage that the workspace keeps models in.')
param storageRoles string[]

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = {
  name: name
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [roles.azureMlDataScientist, roles.reader]: {
    name: guid(workspace.id, principalId, role)
    scope: workspace
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

// The storage may lie in another resource group, which only a deployment of its own can be told while it runs.
module storage 'workspace-storage.bicep' = {
  params: {
    storageId: workspace.properties.storageAccount!
    principalId: principalId
    storageRoles: storageRoles
  }
}

@description('Region of the workspace.')
output location string = workspace.location!
