using '../../../infra/subscription.bicep'

param topicName = 'evgst-token'
param appId = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-dev/providers/Microsoft.Web/sites/func-token'
param storageId = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-dev/providers/Microsoft.Storage/storageAccounts/sttoken'
param deadLetterContainer = 'deadletter'
