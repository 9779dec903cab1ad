metadata description = 'Key Vault with the keys that sign links: made once, never shown, rotated by infra/rotate-link-keys.'

import { roles } from '../roles.bicep'

@description('Region of the vault.')
param location string

@description('Tags of the vault.')
param tags object

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Object id of the app\'s identity.')
param principalId string

@description('The first key; used only where the vault has none yet.')
@secure()
@minLength(64)
param firstLinkKey string

@description('Whether nobody can remove the deleted vault for good before its time.')
param purgeProtection bool

@description('Whether only private endpoints reach the vault.')
param private bool

@description('ARM id of the Log Analytics workspace that is told who read the vault.')
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    // Azure takes true or nothing here.
    enablePurgeProtection: purgeProtection ? true : null
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: private ? 'Deny' : 'Allow' }
  }
}

// A second deployment must not replace it: mails that are out would hold dead links.
@onlyIfNotExists()
resource linkKeys 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'link-keys'
  properties: {
    contentType: 'Keys that sign links, separated by commas, the newest first'
    value: firstLinkKey
  }
}

resource reading 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(linkKeys.id, principalId, roles.keyVaultSecretsUser)
  scope: linkKeys
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

@description('ARM id of the vault.')
output id string = vault.id

@description('Name of the vault.')
output name string = vault.name

@description('What the app setting says instead of the keys. It names no version: the newest counts.')
output linkKeysReference string = '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${linkKeys.name}/)'
