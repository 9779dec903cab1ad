"""An app whose function does not have the parameter of its trigger."""

# ruff: noqa: ARG001 (functions have the shapes that their triggers ask for)
# mypy: ignore-errors

import azure.functions as func

app = func.FunctionApp()


@app.route("never")
def never(request: func.HttpRequest) -> str:
    return "never"
