metadata description = '''Wakes the owners when registrations could not be delivered. Deployed beside the system topic, since an alert
on a metric has to be in its resource's subscription.'''

@description('Tags of the alert.')
param tags object

@description('Name of the alert.')
param name string

@description('ARM id of the QA workspace\'s system topic.')
param topicId string

@description('Region of the system topic.')
param topicLocation string

@description('ARM id of the group of those who are told.')
param actionGroupId string

resource deadLettered 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    description: 'ModelGate: registrations were dead-lettered'
    severity: 1
    enabled: true
    scopes: [topicId]
    targetResourceType: 'Microsoft.EventGrid/systemTopics'
    targetResourceRegion: topicLocation
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
    actions: [{ actionGroupId: actionGroupId }]
  }
}
