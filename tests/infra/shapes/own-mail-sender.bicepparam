using '../../../infra/main.bicep'

param environmentName = 'dev'
param location = 'westeurope'
param qaWorkspaceId = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-qa/providers/Microsoft.MachineLearningServices/workspaces/wk-qa'
param prodWorkspaceId = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.MachineLearningServices/workspaces/wk-prod'
param approver = 'approver@example.com'
param owner = 'owner@example.com'
param firstLinkKey = 'not-a-key-but-what-stands-for-one-where-nothing-is-deployed-0123456789'

param mailDomain = 'mail.example.com'
param mailDomainVerified = true
param mailSenderUsername = 'modelgate'
