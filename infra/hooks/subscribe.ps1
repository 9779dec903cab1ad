# Subscribes the app to the QA workspace's registrations; azd runs it after each deployment of the code.
$ErrorActionPreference = 'Stop'
$names = 'MODELGATE_QA_SUBSCRIPTION', 'MODELGATE_QA_RESOURCE_GROUP', 'MODELGATE_SYSTEM_TOPIC', 'MODELGATE_APP_ID',
    'MODELGATE_STORAGE_ID', 'MODELGATE_DEAD_LETTER_CONTAINER'
foreach ($name in $names) {
    if (-not [Environment]::GetEnvironmentVariable($name)) {
        throw "$name is not set: run azd provision first; by hand, run this by azd hooks run postdeploy."
    }
}
if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    throw 'The Azure CLI (az) is not there; install it, sign in, and run azd hooks run postdeploy.'
}
az deployment group create --only-show-errors --output none `
    --name modelgate-subscription `
    --subscription $env:MODELGATE_QA_SUBSCRIPTION `
    --resource-group $env:MODELGATE_QA_RESOURCE_GROUP `
    --template-file "$PSScriptRoot/../subscription.bicep" `
    --parameters topicName=$env:MODELGATE_SYSTEM_TOPIC appId=$env:MODELGATE_APP_ID `
    storageId=$env:MODELGATE_STORAGE_ID deadLetterContainer=$env:MODELGATE_DEAD_LETTER_CONTAINER
if ($LASTEXITCODE -ne 0) { throw 'The subscription could not be made; az has said why.' }
Write-Output 'Registrations in the QA workspace reach the app now.'
