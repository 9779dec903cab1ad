"""Where storage accounts are, and which of them may hold a workspace's model files.

A datastore and a model's address are written by whoever may register models: they name an account
and nothing more. Its address is made here.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shared.domain.addresses import BlobAddresses
from shared.domain.errors import StepError, not_good_enough
from shared.domain.pipeline import Workspace

ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
"""Names of storage accounts, and of containers but for `$root`, `$web` and `$logs`, which hold no
models (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules)."""

CONTAINER = re.compile(r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Storage:
    """The storage that this service goes to."""

    suffix: str
    """Ends the host names of the cloud's accounts."""

    addresses: BlobAddresses = field(default_factory=BlobAddresses)
    """Accounts that are elsewhere."""

    allowed: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Accounts that pipelines allow besides a workspace's own, by ARM id in lower case."""

    def account_at(self, url: str) -> str | None:
        """The account that a blob's public address names; None where it is none of this cloud's.

        A private endpoint leaves the name as it is.
        """
        try:
            parts = urlsplit(url)
        except ValueError:  # brackets in the host
            return None
        host = rf"({ACCOUNT.pattern})\.(?:blob|dfs)\.{re.escape(self.suffix)}"
        match = re.fullmatch(host, parts.netloc.lower())
        return match[1] if match and parts.scheme.lower() == "https" else None

    def url_of(
        self, account: str, *, own: str, workspace: Workspace, what: str, endpoint: str = ""
    ) -> str:
        """The address of an account's blob service.

        Args:
            account: As a datastore or a model's address names it.
            own: The account that the workspace was made with.
            workspace: Whose model files are wanted.
            what: What lies there, for people.
            endpoint: What a datastore says that the account's host name ends in; empty where it
                says nothing. Azure ML goes there: what lies elsewhere is not what was tested.

        Raises:
            StepError: `StorageNotAllowed`.
        """
        allowed = {own, *self.allowed.get(workspace.arm_id.casefold(), ())}
        if not ACCOUNT.fullmatch(account) or account not in allowed:
            raise _not_allowed(f"in storage account {account[:50]!r}", workspace, what)
        url = self.addresses.of(account) or f"https://{account}.blob.{self.suffix}"
        host = urlsplit(url).netloc
        if endpoint not in ("", self.suffix, host) and not host.endswith(f".{endpoint}"):
            raise _not_allowed(f"at storage endpoint {endpoint[:100]!r}", workspace, what)
        return url


def _not_allowed(where: str, workspace: Workspace, what: str) -> StepError:
    return not_good_enough(
        "StorageNotAllowed",
        f"{what} lies {where}, which is not workspace {workspace.name}'s own. Register it from the "
        "workspace's own storage, or allow the account in the pipeline under storage.",
    )
