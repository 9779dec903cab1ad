metadata description = 'What the app may do with the storage that a workspace keeps its models in.'

import { modelFolder, roles } from '../roles.bicep'

@description('Name of the account.')
param name string

@description('Object id of the app\'s identity.')
param principalId string

@description('What makes the names of roles unique in the tenant.')
param token string

@description('`source` is read, `target` written to.')
param purpose 'source' | 'target'

@description('Whether a role is made that allows no more than is needed.')
param customRoles bool

var blobs = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'
var isTarget = purpose == 'target'

// Copies go into a folder of their own in the workspace's default datastore: what serves already, and what others
// keep there, cannot be overwritten or deleted.
var onlyOwnFolder = '''
(
 (
  !(ActionMatches{'{0}/write'})
  AND
  !(ActionMatches{'{0}/add/action'})
  AND
  !(ActionMatches{'{0}/delete'})
  AND
  !(ActionMatches{'{0}/move/action'})
 )
 OR
 (
  @Resource[{0}:path] StringLike '{1}/*'
 )
)'''

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: name
}

// Storage Blob Data Contributor may delete whole containers, too, and no condition keeps it from that.
resource least 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (isTarget && customRoles) {
  name: guid(resourceGroup().id, token, 'model-files')
  properties: {
    roleName: 'ModelGate model files (${token})'
    description: 'Reads and writes blobs; touches no container.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        dataActions: ['${blobs}/read', '${blobs}/write', '${blobs}/delete']
      }
    ]
  }
}

resource reading 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!isTarget) {
  name: guid(account.id, principalId, roles.storageBlobDataReader)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    // lets sign the sources of copies, too: generateUserDelegationKey is among its actions
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataReader)
  }
}

resource writing 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (isTarget) {
  name: guid(account.id, principalId, customRoles ? 'model-files' : roles.storageBlobDataContributor)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: customRoles
      ? least.id
      : subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
    conditionVersion: '2.0'
    condition: replace(replace(onlyOwnFolder, '{0}', blobs), '{1}', modelFolder)
  }
}
