metadata description = 'What wakes the owners: errors, models that were written to, work that the sweeper had to do, approvals about to expire.'

@description('Region of the alerts.')
param location string

@description('Tags of the alerts.')
param tags object

@description('What makes names unique.')
param token string

@description('Address that is told.')
param owner string

@description('ARM id of the Log Analytics workspace that is searched.')
param workspaceId string

var searches = [
  {
    name: 'errored'
    title: 'A release ended Errored'
    severity: 1
    every: 'PT5M'
    query: loadTextContent('../alerts/errored.kql')
  }
  {
    name: 'files-changed'
    title: 'Somebody wrote to a model that was about to serve'
    severity: 1
    every: 'PT5M'
    query: loadTextContent('../alerts/files-changed.kql')
  }
  {
    name: 'sweeper'
    title: 'The sweeper found work'
    severity: 3
    every: 'PT15M'
    query: loadTextContent('../alerts/sweeper.kql')
  }
  {
    name: 'expiring'
    title: 'An approval is about to expire'
    severity: 2
    every: 'PT1H'
    query: loadTextContent('../alerts/expiring.kql')
  }
]

resource owners 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${token}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'ModelGate'
    enabled: true
    emailReceivers: [{ name: 'owner', emailAddress: owner, useCommonAlertSchema: true }]
  }
}

resource found 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for search in searches: {
    name: 'alert-${search.name}-${token}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'ModelGate: ${search.title}'
      severity: search.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: search.every
      windowSize: search.every
      // the tables do not exist before the app has sent anything
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: search.query
            // an alert of its own for each release
            dimensions: [{ name: 'release', operator: 'Include', values: ['*'] }]
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: false
      // the sweeper says the same of a release every few minutes
      muteActionsDuration: 'P1D'
      actions: { actionGroups: [owners.id] }
    }
  }
]

@description('ARM id of the group of those who are told.')
output actionGroupId string = owners.id
