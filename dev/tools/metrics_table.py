"""Print the table of metrics in docs/operations.md: `python -m dev.tools.metrics_table`."""

import ast
import inspect
import sys

from shared.ports import telemetry


def metrics_table() -> str:
    """One row per metric, in the order of the classes."""
    rows = ["| metric | what it is |", "|---|---|"]
    classes = [node for node in ast.parse(inspect.getsource(telemetry)).body if _is_enum(node)]
    for each in classes:
        assert isinstance(each, ast.ClassDef)
        for member, told in zip(each.body[1::2], each.body[2::2], strict=True):
            assert isinstance(member, ast.Assign)
            assert isinstance(told, ast.Expr)
            name, text = ast.literal_eval(member.value), ast.literal_eval(told.value)
            rows.append(f"| `{name}` | {' '.join(text.split())} |")
    return "\n".join(rows) + "\n"


def _is_enum(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and "StrEnum" in map(ast.unparse, node.bases)


if __name__ == "__main__":
    sys.stdout.write(metrics_table())
