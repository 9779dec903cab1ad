"""Whether an approval holds: nobody who registers models may write where they are copied to."""

from shared.domain.addresses import is_account
from shared.domain.errors import technical
from shared.ports import Container, RegisteredModel
from shared.workflow.turn import Turn


def require_apart(turn: Turn, registered: RegisteredModel, target: Container) -> None:
    """Refuse a target in a storage account that holds models of the source workspace, too.

    Whoever may register models there may have the account's key listed (`listSecrets`), and write
    to the copy after it was approved.

    Raises:
        StepError: `StorageShared`.
    """
    if turn.stage.approval is None:
        return
    source = turn.services.models.default_container(workspace=turn.pipeline.source)
    held = {source.account_url, registered.container.account_url}
    allowed = (is_account(target.account_url, name) for name in turn.pipeline.storage)
    if target.account_url in held or any(allowed):
        raise technical(
            "StorageShared",
            f"Workspace {turn.stage.workspace.name} keeps its models in the same storage account "
            f"as {turn.pipeline.source.name}, where whoever registers models could change what was "
            "approved. Give it a storage account of its own, then start the release again.",
        )
