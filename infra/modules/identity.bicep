metadata description = 'The user-assigned identity that the app has in Azure.'

@description('Region of the identity.')
param location string

@description('Tags of the identity.')
param tags object

@description('Name of the identity.')
@maxLength(128)
param name string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('ARM id, for what the identity is given to.')
output id string = identity.id

@description('Client id, by which code asks for the identity\'s tokens.')
output clientId string = identity.properties.clientId

@description('Object id, which roles are assigned to.')
output principalId string = identity.properties.principalId
