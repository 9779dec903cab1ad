"""The functions of the app, as their decorators name them."""

import ast
from functools import cache

from dev.tools.bicep import ROOT


@cache
def function_names() -> frozenset[str]:
    """The names given by `@app.function_name`."""
    tree = ast.parse((ROOT / "function_app.py").read_text("utf-8"))
    names = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "function_name"
        and isinstance(node.args[0], ast.Constant)
    ]
    return frozenset(str(name) for name in names)
