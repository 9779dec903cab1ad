metadata description = 'Sends the roles on a workspace\'s storage to where that storage is.'

@description('ARM id of the storage account.')
param storageId string

@description('Object id of the app\'s identity.')
param principalId string

@description('Roles on the account.')
param storageRoles string[]

module access 'storage-access.bicep' = {
  scope: resourceGroup(split(storageId, '/')[2], split(storageId, '/')[4])
  params: {
    name: last(split(storageId, '/'))
    principalId: principalId
    storageRoles: storageRoles
  }
}
