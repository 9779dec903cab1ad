metadata description = '''ModelGate: a resource group with the app and what it needs, and roles in two workspaces that exist.
docs/azure.md has the parameters, the roles and why each is needed.'''

targetScope = 'subscription'

@description('Name of the azd environment; the resource group is called after it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of everything new. Flex Consumption has to be offered there.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('''ARM id of the workspace that models are registered in:
/subscriptions/…/resourceGroups/…/providers/Microsoft.MachineLearningServices/workspaces/…''')
@minLength(100)
param qaWorkspaceId string

@description('ARM id of the workspace that approved models serve in; it may be in another subscription.')
@minLength(100)
param prodWorkspaceId string

@description('Address of the person who is asked before a model goes to PROD.')
@minLength(3)
param approver string

@description('Address of those who look after releases; they also get the alerts. Empty: the approver.')
param owner string = ''

@description('''Name of a system topic that the QA workspace has already, in its resource group: there can be only one.
It needs a system-assigned identity.''')
@maxLength(50)
param existingSystemTopicName string = ''

@description('Whether storage and vault are reached through private endpoints in a network of their own.')
param privateNetwork bool = false

@description('Addresses of that network.')
param networkAddressPrefix string = '10.90.0.0/24'

@description('One\'s own domain that mails come from; empty takes one of Azure\'s, which sends ten mails an hour.')
param mailDomain string = ''

@description('Whether that domain\'s records are in DNS and verified; mails come from Azure\'s domain until then.')
param mailDomainVerified bool = false

@description('User name of the sender at one\'s own domain. DoNotReply is there; another is made, for which Microsoft has to raise the subscription\'s limits first.')
@minLength(1)
param mailSenderUsername string = 'DoNotReply'

@description('Where Communication Services keeps mail at rest.')
@allowed(['Africa', 'Asia Pacific', 'Australia', 'Brazil', 'Canada', 'Europe', 'France', 'Germany', 'India', 'Japan', 'Korea', 'Norway', 'Switzerland', 'UAE', 'UK', 'United States', 'usgov'])
param mailDataLocation string = 'Europe'

@description('''Whether roles are made that allow no more than the app does. Whoever deploys needs the right to make roles;
without it the smallest built-in ones are assigned, which allow more.''')
param customRoles bool = true

@description('Whether Durable Functions keep their state in Durable Task Scheduler instead of Azure Storage.')
param durableTaskScheduler bool = false

@description('Client id of the app registration that approvers sign in with; empty leaves signing in out.')
param signInClientId string = ''

@description('Instances that are kept ready for orchestrations and activities; each costs while it idles.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 0

@description('The most instances that there may be.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('How the storage account is replicated: releases and decisions live in it.')
param storageSku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_GRS'

@description('''Whether nobody can remove a deleted vault for good before its time. Azure can't take it back; without it an
environment that was taken down can be made again under its name at once.''')
param vaultPurgeProtection bool = true

@description('How long logs are kept, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('The first key that signs links; made here, and used only where there is none yet.')
@secure()
@minLength(64)
param firstLinkKey string = '${newGuid()}${newGuid()}'

var token = uniqueString(subscription().id, environmentName, location)
var tags = { 'azd-env-name': environmentName }
var qa = split(qaWorkspaceId, '/')
var prod = split(prodWorkspaceId, '/')
var releaseOwner = empty(owner) ? approver : owner
var taskHub = 'ModelGate'

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { location: location, tags: tags, name: 'id-${token}' }
}

// Puts the package into storage and takes it out again for the platform. The app asks for none of its tokens, so a
// token that gets lost in the app replaces no code.
module packageIdentity 'modules/identity.bicep' = {
  scope: group
  params: { location: location, tags: tags, name: 'id-package-${token}' }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    principalId: identity.outputs.principalId
    retentionDays: logRetentionDays
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: 'st${token}'
    principalId: identity.outputs.principalId
    packagePrincipalId: packageIdentity.outputs.principalId
    sku: storageSku
    private: privateNetwork
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: 'kv-${token}'
    principalId: identity.outputs.principalId
    firstLinkKey: firstLinkKey
    purgeProtection: vaultPurgeProtection
    private: privateNetwork
    workspaceId: monitoring.outputs.workspaceId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    addressPrefix: networkAddressPrefix
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module mail 'modules/mail.bicep' = {
  scope: group
  params: {
    tags: tags
    token: token
    principalId: identity.outputs.principalId
    dataLocation: mailDataLocation
    domain: mailDomain
    domainVerified: mailDomainVerified
    senderUsername: mailSenderUsername
  }
}

module topic 'modules/topic.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: 'evgt-${token}'
    principalId: identity.outputs.principalId
  }
}

module scheduler 'modules/scheduler.bicep' = if (durableTaskScheduler) {
  scope: group
  params: {
    location: location
    tags: tags
    name: 'dts-${token}'
    taskHub: taskHub
    principalId: identity.outputs.principalId
    clientId: identity.outputs.clientId
  }
}

module qaAccess 'modules/workspace.bicep' = {
  name: 'modelgate-qa-${token}'
  scope: resourceGroup(qa[2], qa[4])
  params: {
    name: qa[8]
    principalId: identity.outputs.principalId
    token: token
    purpose: 'source'
    customRoles: customRoles
  }
}

module prodAccess 'modules/workspace.bicep' = {
  name: 'modelgate-prod-${token}'
  scope: resourceGroup(prod[2], prod[4])
  params: {
    name: prod[8]
    principalId: identity.outputs.principalId
    token: token
    purpose: 'target'
    customRoles: customRoles
  }
}

module registrations 'modules/registrations.bicep' = {
  name: 'modelgate-registrations-${token}'
  scope: resourceGroup(qa[2], qa[4])
  params: {
    workspaceName: qa[8]
    location: qaAccess.outputs.location
    tags: tags
    name: 'evgst-${token}'
    existingName: existingSystemTopicName
    logWorkspaceId: monitoring.outputs.workspaceId
  }
}

module deadLetters 'modules/dead-letters.bicep' = {
  scope: group
  params: {
    storageName: storage.outputs.name
    container: storage.outputs.deadLetterContainer
    principalId: registrations.outputs.principalId
  }
}

module app 'modules/app.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    identity: { id: identity.outputs.id, clientId: identity.outputs.clientId }
    packageIdentityId: packageIdentity.outputs.id
    packages: storage.outputs.packages
    storage: storage.outputs.services
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    alwaysReadyInstances: alwaysReadyInstances
    maximumInstances: maximumInstances
    signInClientId: signInClientId
    settings: union(
      {
        APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
        PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
        OTEL_TRACES_SAMPLER: 'always_on'
        PYTHON_ISOLATE_WORKER_DEPENDENCIES: '1'
        PYTHON_THREADPOOL_THREAD_COUNT: '24'
        MODELGATE_TABLES: storage.outputs.services.table
        MODELGATE_MAIL: mail.outputs.endpoint
        MODELGATE_MAIL_SENDER: mail.outputs.sender
        MODELGATE_MAIL_PER_MINUTE: string(mail.outputs.perMinute)
        MODELGATE_MAIL_PER_HOUR: string(mail.outputs.perHour)
        MODELGATE_LINK_KEYS: vault.outputs.linkKeysReference
        MODELGATE_SIGN_IN: empty(signInClientId) ? '' : 'app-service'
        MODELGATE_EVENTS_ENDPOINT: topic.outputs.endpoint
        MODELGATE_CLOUD: environment().name
        MODELGATE_WORKSPACE_STORAGE: 'identity'
        MODELGATE_PIPELINES: 'pipelines'
        MODELGATE_SWEEP_SCHEDULE: '0 */5 * * * *'
        QA_SUBSCRIPTION_ID: qa[2]
        QA_RESOURCE_GROUP: qa[4]
        QA_WORKSPACE: qa[8]
        PROD_SUBSCRIPTION_ID: prod[2]
        PROD_RESOURCE_GROUP: prod[4]
        PROD_WORKSPACE: prod[8]
        APPROVER: approver
        OWNER: releaseOwner
      },
      empty(signInClientId) ? {} : { OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identity.outputs.clientId },
      durableTaskScheduler
        ? {
            AzureFunctionsJobHost__extensions__durableTask__hubName: taskHub
            AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
            AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
            DURABLE_TASK_SCHEDULER_CONNECTION_STRING: scheduler!.outputs.connectionString
          }
        : {}
    )
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    owner: releaseOwner
    workspaceId: monitoring.outputs.workspaceId
  }
}

module deadLetterAlert 'modules/dead-letter-alert.bicep' = {
  name: 'modelgate-dead-letter-alert-${token}'
  scope: resourceGroup(qa[2], qa[4])
  params: {
    tags: tags
    name: 'alert-deadletter-${token}'
    topicId: registrations.outputs.id
    topicLocation: qaAccess.outputs.location
    actionGroupId: alerts.outputs.actionGroupId
  }
}

// Answers to azd's questions, under the names by which azd asks the environment first and hands them on to a pipeline.

@description('The workspace that models are registered in.')
output QA_WORKSPACE_ID string = qaWorkspaceId

@description('The workspace that approved models serve in.')
output PROD_WORKSPACE_ID string = prodWorkspaceId

@description('Who is asked before a model goes to PROD.')
output APPROVER string = approver

@description('The resource group of everything new.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output AZURE_FUNCTION_NAME string = app.outputs.name

@description('Where people and programs reach the service.')
output SERVICE_MODELGATE_URI string = app.outputs.uri

@description('Name of the vault with the keys that sign links.')
output AZURE_KEY_VAULT_NAME string = vault.outputs.name

@description('Name of the topic that changes of releases are published to.')
output MODELGATE_EVENTS_TOPIC string = topic.outputs.name

@description('The subscription of the QA workspace, where the app is subscribed to registrations once its code is there.')
output MODELGATE_QA_SUBSCRIPTION string = qa[2]

@description('The resource group of the QA workspace.')
output MODELGATE_QA_RESOURCE_GROUP string = qa[4]

@description('Name of the QA workspace\'s system topic.')
output MODELGATE_SYSTEM_TOPIC string = registrations.outputs.name

@description('ARM id of the function app.')
output MODELGATE_APP_ID string = app.outputs.id

@description('ARM id of the storage account with the container of dead letters.')
output MODELGATE_STORAGE_ID string = storage.outputs.id

@description('Name of the container of dead letters.')
output MODELGATE_DEAD_LETTER_CONTAINER string = storage.outputs.deadLetterContainer
