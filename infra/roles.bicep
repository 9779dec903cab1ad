// The built-in roles that are assigned, by the names in docs/azure.md; their ids are the same in every tenant
// (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).

@export()
var roles = {
  azureMlDataScientist: 'f6c7c914-8db3-469d-8ca1-694a8f32e121'
  communicationAndEmailServiceOwner: '09976791-48a7-449e-bb21-39d1a415f350'
  durableTaskDataContributor: '0ad04412-c4d5-4796-b79c-f76d14c8d402'
  eventGridDataSender: 'd5a91429-5739-47e2-a06b-3470a27159e7'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

// What the app does in a workspace, below Microsoft.MachineLearningServices/workspaces/: what
// shared/adapters/azureml/permissions.py looks for beforehand, and what scoring an endpoint needs that was made with
// other keys than ours. AzureML Data Scientist would add reading the storage account's keys, running jobs on any
// compute, and changing or deleting datastores, connections and every asset.
var serving = [
  'read'
  'codes/versions/read'
  'codes/versions/startPendingUpload/action'
  'codes/versions/write'
  'computes/read'
  'datastores/read'
  'environments/versions/read'
  'environments/versions/write'
  'models/versions/read'
  'onlineEndpoints/read'
  'onlineEndpoints/write'
  'onlineEndpoints/listKeys/action'
  'onlineEndpoints/score/action'
  'onlineEndpoints/token/action'
  'onlineEndpoints/deployments/read'
  'onlineEndpoints/deployments/write'
  'onlineEndpoints/deployments/delete'
  'onlineEndpoints/deployments/getLogs/action'
]

@export()
var workspaceOperations = {
  source: serving
  target: concat(serving, ['models/versions/write'])
}

@export()
var modelFolder = 'modelgate'
