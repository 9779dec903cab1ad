#!/bin/sh
# Subscribes the app to the QA workspace's registrations; azd runs it after each deployment of the code.
set -eu
for name in MODELGATE_QA_SUBSCRIPTION MODELGATE_QA_RESOURCE_GROUP MODELGATE_SYSTEM_TOPIC MODELGATE_APP_ID \
    MODELGATE_STORAGE_ID MODELGATE_DEAD_LETTER_CONTAINER; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
        echo "$name is not set: run azd provision first; by hand, run this by azd hooks run postdeploy." >&2
        exit 1
    fi
done
if ! command -v az >/dev/null; then
    echo "The Azure CLI (az) is not there; install it, sign in, and run azd hooks run postdeploy." >&2
    exit 1
fi
az deployment group create --only-show-errors --output none \
    --name modelgate-subscription \
    --subscription "$MODELGATE_QA_SUBSCRIPTION" \
    --resource-group "$MODELGATE_QA_RESOURCE_GROUP" \
    --template-file "$(dirname "$0")/../subscription.bicep" \
    --parameters topicName="$MODELGATE_SYSTEM_TOPIC" appId="$MODELGATE_APP_ID" \
    storageId="$MODELGATE_STORAGE_ID" deadLetterContainer="$MODELGATE_DEAD_LETTER_CONTAINER"
echo "Registrations in the QA workspace reach the app now."
