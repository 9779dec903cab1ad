"""A local Azure Functions host for Python apps of the decorator model.

`python -m dev.host --app DIR --port N` runs an unchanged `function_app.py` without Core Tools:
HTTP, timer, Event Grid and Durable triggers. The app is indexed and invoked by Microsoft's own
worker library (`azure_functions_runtime`); what the .NET host and its extensions do around it is
done here, as they do it.
"""
