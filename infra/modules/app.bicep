metadata description = 'The function app on Flex Consumption, with the settings that shared/config.py reads.'

@description('Region of plan and app.')
param location string

@description('Tags of plan and app.')
param tags object

@description('What makes names unique.')
param token string

@description('The app\'s identity.')
param identity { id: string, clientId: string }

@description('ARM id of the identity that the package is put into storage and read with.')
param packageIdentityId string

@description('Address of the container that the package is put into.')
param packages string

@description('Addresses of the storage that the host and Durable Functions work with.')
param storage { blob: string, queue: string, table: string }

@description('ARM id of the subnet that the app sends from; empty sends from Azure\'s own addresses.')
param subnetId string

@description('Instances that are kept ready for orchestrations and activities; each costs while it idles.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int

@description('The most instances that there may be.')
@minValue(1)
@maxValue(1000)
param maximumInstances int

@description('The settings.')
param settings object

@description('Client id of the app registration that people sign in with; empty leaves signing in out.')
param signInClientId string

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { tier: 'FlexConsumption', name: 'FC1' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: 'func-${token}'
  location: location
  tags: union(tags, { 'azd-service-name': 'modelgate' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {}, '${packageIdentityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: { name: 'python', version: '3.13' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packages
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: packageIdentityId }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReadyInstances == 0 ? [] : [{ name: 'durable', instanceCount: alwaysReadyInstances }]
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, {
      // an account's name alone would be looked for in the public cloud
      AzureWebJobsStorage__blobServiceUri: storage.blob
      AzureWebJobsStorage__queueServiceUri: storage.queue
      AzureWebJobsStorage__tableServiceUri: storage.table
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.clientId
      AZURE_CLIENT_ID: identity.clientId
    })
  }

  // No password opens the deployment endpoints, only Entra ID.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  // Anonymous requests pass, since the pages and the webhooks have checks of their own; a decision that has to be
  // signed is refused by the app.
  resource signIn 'config' = if (!empty(signInClientId)) {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true }
      globalValidation: { requireAuthentication: false, unauthenticatedClientAction: 'AllowAnonymous' }
      httpSettings: { requireHttps: true }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: signInClientId
            // the identity's token stands for a secret
            clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: { allowedAudiences: [signInClientId, 'api://${signInClientId}'] }
        }
      }
      login: { tokenStore: { enabled: false } }
    }
    dependsOn: [appSettings]
  }
}

@description('ARM id of the app.')
output id string = app.id

@description('Name of the app.')
output name string = app.name

@description('Where people and programs reach the app.')
output uri string = 'https://${app.properties.defaultHostName}'
