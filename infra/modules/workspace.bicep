metadata description = 'What the app may do in a workspace. Deployed into the workspace\'s resource group.'

import { roles, workspaceOperations } from '../roles.bicep'

@description('Name of the workspace.')
param name string

@description('Object id of the app\'s identity.')
param principalId string

@description('What makes the names of roles unique in the tenant.')
param token string

@description('`source` is where models are registered, `target` where they are copied to.')
param purpose 'source' | 'target'

@description('Whether roles are made that allow no more than is needed; else the smallest built-in ones are assigned.')
param customRoles bool

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = {
  name: name
}

resource least 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (customRoles) {
  name: guid(resourceGroup().id, token, purpose)
  properties: {
    roleName: 'ModelGate ${purpose} workspace (${token})'
    description: 'What ModelGate does in the workspace, and nothing else.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: concat(
          ['Microsoft.Authorization/permissions/read'],
          map(workspaceOperations[purpose], each => 'Microsoft.MachineLearningServices/workspaces/${each}')
        )
      }
    ]
  }
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (customRoles) {
  name: guid(workspace.id, principalId, purpose)
  scope: workspace
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: least.id
  }
}

resource builtIn 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in customRoles ? [] : [roles.azureMlDataScientist, roles.reader]: {
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
    token: token
    purpose: purpose
    customRoles: customRoles
  }
}

@description('Region of the workspace.')
output location string = workspace.location!
