metadata description = 'What wakes the owners: errors, dead letters, work that the sweeper had to do, approvals about to expire.'

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

@description('ARM id of the QA workspace\'s system topic.')
param systemTopicId string

@description('Region of the system topic.')
param systemTopicLocation string

var searches = [
  {
    name: 'errored'
    title: 'A release ended Errored'
    severity: 1
    minutes: 5
    query: loadTextContent('../alerts/errored.kql')
  }
  {
    name: 'sweeper'
    title: 'The sweeper found work'
    severity: 3
    minutes: 15
    query: loadTextContent('../alerts/sweeper.kql')
  }
  {
    name: 'expiring'
    title: 'An approval is about to expire'
    severity: 2
    minutes: 60
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
      evaluationFrequency: 'PT${search.minutes}M'
      windowSize: 'PT${search.minutes}M'
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

resource deadLettered 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-deadletter-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: 'ModelGate: registrations were dead-lettered'
    severity: 1
    enabled: true
    scopes: [systemTopicId]
    targetResourceType: 'Microsoft.EventGrid/systemTopics'
    targetResourceRegion: systemTopicLocation
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dead-lettered'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DeadLetteredCount'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [{ actionGroupId: owners.id }]
  }
}
