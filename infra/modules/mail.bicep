metadata description = 'Communication Services Email, with a domain of Azure\'s or one\'s own.'

import { roles } from '../roles.bicep'

@description('Tags of the resources.')
param tags object

@description('What makes names unique.')
param token string

@description('Object id of the app\'s identity.')
param principalId string

@description('Where mail is kept at rest, as Communication Services names it.')
param dataLocation string

@description('One\'s own domain that mails come from; empty takes one of Azure\'s.')
param domain string

@description('''User name of the sender at one's own domain. Every domain has DoNotReply; another is made, which
Azure refuses under the limits that a subscription begins with
(https://learn.microsoft.com/azure/communication-services/quickstarts/email/add-multiple-senders).''')
param senderUsername string

@description('''Whether DNS has the own domain's records, which Azure shows at the domain. A domain that is not
verified cannot be used, so Azure's is until then.''')
param domainVerified bool

var ownDomain = !empty(domain) && domainVerified

resource mail 'Microsoft.Communication/emailServices@2025-09-01' = {
  name: 'email-${token}'
  location: 'global'
  tags: tags
  properties: { dataLocation: dataLocation }

  resource azureDomain 'domains' = if (!ownDomain) {
    name: 'AzureManagedDomain'
    location: 'global'
    tags: tags
    properties: { domainManagement: 'AzureManaged', userEngagementTracking: 'Disabled' }
  }

  resource customDomain 'domains' = if (!empty(domain)) {
    name: empty(domain) ? 'unused.example' : domain
    location: 'global'
    tags: tags
    properties: { domainManagement: 'CustomerManaged', userEngagementTracking: 'Disabled' }

    resource sender 'senderUsernames' = if (ownDomain && toLower(senderUsername) != 'donotreply') {
      name: senderUsername
      properties: { username: senderUsername, displayName: 'ModelGate' }
    }
  }
}

resource communication 'Microsoft.Communication/communicationServices@2025-09-01' = {
  name: 'acs-${token}'
  location: 'global'
  tags: tags
  properties: {
    dataLocation: dataLocation
    linkedDomains: [ownDomain ? mail::customDomain.id : mail::azureDomain.id]
  }
}

// There is no built-in role that may send mail and nothing else.
resource sending 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(communication.id, principalId, roles.communicationAndEmailServiceOwner)
  scope: communication
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.communicationAndEmailServiceOwner
    )
  }
}

@description('Address of the service.')
output endpoint string = 'https://${communication.properties.hostName}'

@description('The address that mails come from.')
output sender string = ownDomain
  ? '${senderUsername}@${domain}'
  : 'DoNotReply@${mail::azureDomain!.properties.mailFromSenderDomain}'

@description('Mails and questions about them a minute; Microsoft\'s limits for the kind of domain.')
output perMinute int = ownDomain ? 30 : 5

@description('The same in an hour.')
output perHour int = ownDomain ? 100 : 10
