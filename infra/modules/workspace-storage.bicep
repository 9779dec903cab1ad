metadata description = 'Sends the roles on a workspace\'s storage to where that storage is.'

@description('ARM id of the storage account.')
param storageId string

@description('Object id of the app\'s identity.')
param principalId string

@description('What makes the names of roles unique in the tenant.')
param token string

@description('`source` is read, `target` written to.')
param purpose 'source' | 'target'

@description('Whether a role is made that allows no more than is needed.')
param customRoles bool

module access 'storage-access.bicep' = {
  scope: resourceGroup(split(storageId, '/')[2], split(storageId, '/')[4])
  params: {
    name: last(split(storageId, '/'))
    principalId: principalId
    token: token
    purpose: purpose
    customRoles: customRoles
  }
}
