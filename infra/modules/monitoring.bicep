metadata description = 'Where the app tells what it does: Application Insights on a Log Analytics workspace.'

import { roles } from '../roles.bicep'

@description('Region of both resources.')
param location string

@description('Tags of both resources.')
param tags object

@description('What makes names unique.')
param token string

@description('Object id of the app\'s identity.')
param principalId string

@description('How long logs are kept, in days.')
@minValue(30)
@maxValue(730)
param retentionDays int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: 'log-${token}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource publisher 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, principalId, roles.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
  }
}

@description('ARM id of the Log Analytics workspace.')
output workspaceId string = workspace.id

@description('Says where telemetry goes; no secret, since only the app\'s identity may send any.')
output connectionString string = insights.properties.ConnectionString
