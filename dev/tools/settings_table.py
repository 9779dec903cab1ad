"""Print the table of docs/settings.md: `python -m dev.tools.settings_table`."""

import sys

from shared.config import Settings


def settings_table() -> str:
    """One row per setting, in the order of the class."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for field in Settings.model_fields.values():
        default = "*needed*" if field.is_required() else f"`{field.default}`" * bool(field.default)
        text = " ".join((field.description or "").split())
        rows.append(f"| `{field.alias}` | {default} | {text} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(settings_table())
