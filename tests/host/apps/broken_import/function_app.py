"""An app that does not import."""

# ruff: noqa: ARG001 (functions have the shapes that their triggers ask for)
# mypy: ignore-errors

import azure.functions as func
import no_such_package

app = func.FunctionApp()


@app.route("never")
def never(req: func.HttpRequest) -> str:
    return no_such_package.answer()
