metadata description = 'The app\'s storage: the tables that are the truth, the Durable task hub, its package, dead letters.'

import { roles } from '../roles.bicep'

@description('Region of the account.')
param location string

@description('Tags of the account.')
param tags object

@description('Name of the account.')
@minLength(3)
@maxLength(24)
param name string

@description('Object id of the app\'s identity.')
param principalId string

@description('Object id of the identity that handles the package.')
param packagePrincipalId string

@description('How the account is replicated.')
param sku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'

@description('Whether only private endpoints and trusted services of Azure reach the account.')
param private bool

var deadLetterContainer = 'deadletter'
var packageContainer = 'app-package'

var blobs = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'

// The host wants the owner's role on the account's blobs. The package is not the app's to change, or a token that got
// lost could replace the code.
var notThePackage = '''
(
 (
  !(ActionMatches{'{0}/write'})
  AND
  !(ActionMatches{'{0}/add/action'})
  AND
  !(ActionMatches{'{0}/delete'})
  AND
  !(ActionMatches{'{0}/move/action'})
  AND
  !(ActionMatches{'{0}/runAsSuperUser/action'})
 )
 OR
 (
  @Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringNotEquals '{1}'
 )
)'''

var appRoles = [roles.storageQueueDataContributor, roles.storageTableDataContributor]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      // Event Grid writes dead letters as a trusted service, which it is only where there are rules.
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: { enabled: true, days: 14 }
      containerDeleteRetentionPolicy: { enabled: true, days: 14 }
    }

    resource packages 'containers' = {
      name: packageContainer
      properties: { publicAccess: 'None' }
    }

    resource deadLetters 'containers' = {
      name: deadLetterContainer
      properties: { publicAccess: 'None' }
    }
  }
}

resource hosting 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, roles.storageBlobDataOwner)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
    conditionVersion: '2.0'
    condition: replace(replace(notThePackage, '{0}', blobs), '{1}', packageContainer)
  }
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in appRoles: {
    name: guid(account.id, principalId, role)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource packaging 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::packages.id, packagePrincipalId, roles.storageBlobDataContributor)
  scope: account::blobs::packages
  properties: {
    principalId: packagePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

@description('ARM id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Addresses of the account\'s services.')
output services { blob: string, queue: string, table: string } = {
  blob: account.properties.primaryEndpoints.blob
  queue: account.properties.primaryEndpoints.queue
  table: account.properties.primaryEndpoints.table
}

@description('Address of the container that the app\'s package lies in.')
output packages string = '${account.properties.primaryEndpoints.blob}${packageContainer}'

@description('Name of the container of dead letters.')
output deadLetterContainer string = deadLetterContainer
