"""The settings: one frozen object, read once; all that is missing or unsafe is told together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from shared.domain.addresses import blob_addresses, mail_service, require_safe, table_service
from shared.domain.limits import FILES

KEY_LENGTH = 32
"""Characters that a signing key needs at least: 256 bits written in hexadecimal have 64."""


class InvalidSettingsError(Exception):
    """Settings that the app cannot start with; the message has a line per problem."""


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _long_enough(keys: list[str]) -> list[str]:
    if any(len(key) < KEY_LENGTH for key in keys):
        raise ValueError(f"every key needs {KEY_LENGTH} characters or more")
    if any(key.startswith("@Microsoft.KeyVault(") for key in keys):
        raise ValueError(
            "is a Key Vault reference that Azure could not resolve; look at the app's identity and "
            "at the vault"
        )
    if any("<" in key for key in keys):
        raise ValueError("is the sample's, which everybody knows; make one of your own")
    return keys


Keys = Annotated[
    list[str], BeforeValidator(_split), AfterValidator(_long_enough), Field(min_length=1)
]


def _mail(text: str) -> str:
    mail_service(text)
    return text


def _blob(text: str) -> str:
    blob_addresses(text)
    return text


Tables = Annotated[str, AfterValidator(table_service)]
Mail = Annotated[str, AfterValidator(_mail)]
SafeAddress = Annotated[str, AfterValidator(require_safe)]
BlobServices = Annotated[str, AfterValidator(_blob)]


class Settings(BaseModel):
    """Each field is the application setting of its alias."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    tables: Tables = Field(alias="MODELGATE_TABLES", min_length=1, repr=False)
    """Table Storage: the service's https endpoint (with the app's identity), or a connection
    string."""

    mail: Mail = Field(alias="MODELGATE_MAIL", min_length=1, repr=False)
    """Communication Services Email: its https endpoint (with the app's identity), or a connection
    string."""

    mail_sender: str = Field(alias="MODELGATE_MAIL_SENDER", min_length=3)
    """The address that mails come from, of a domain linked to the Communication Services
    resource."""

    mail_per_minute: int = Field(default=5, alias="MODELGATE_MAIL_PER_MINUTE", ge=2, le=1000)
    """How many requests a minute the mail service takes, looks at what became of a mail among
    them: 5 for an Azure-managed domain, 30 for one of your own."""

    mail_per_hour: int = Field(default=10, alias="MODELGATE_MAIL_PER_HOUR", ge=2, le=1000)
    """The same in an hour: 10 for an Azure-managed domain, 100 for one of your own. What is more
    waits."""

    link_keys: Keys = Field(alias="MODELGATE_LINK_KEYS", repr=False)
    """Keys that sign the links in mails and the codes that go with them, separated by commas. The
    first signs, all verify: rotate by putting a new one in front, and drop the old one when no
    mail that it signed is wanted any more."""

    base_url: SafeAddress = Field(alias="MODELGATE_BASE_URL", pattern=r"^https?://[^/]+/?$")
    """Where people reach this app. In Azure it may be left empty: `https://` and
    `WEBSITE_HOSTNAME`."""

    sign_in: Literal["", "app-service"] = Field(default="", alias="MODELGATE_SIGN_IN")
    """`app-service` believes the headers in which App Service Authentication says who has signed
    in. Set it only where that stands before the app: anybody can send these headers otherwise.
    Empty believes them from nobody, and pipelines with `require_sign_in` are refused."""

    events_endpoint: SafeAddress = Field(default="", alias="MODELGATE_EVENTS_ENDPOINT")
    """Event Grid topic that every change of a release is published to; empty publishes nothing."""

    events_key: str = Field(default="", alias="MODELGATE_EVENTS_KEY", repr=False)
    """The topic's key; empty uses the app's identity."""

    cloud: Literal["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"] = Field(
        default="AzureCloud", alias="MODELGATE_CLOUD"
    )
    """The cloud of the workspaces: `AzureCloud`, `AzureUSGovernment` or `AzureChinaCloud`. Says
    where ARM is, where tokens come from and what they are for."""

    arm_url: SafeAddress = Field(default="", alias="MODELGATE_ARM_URL")
    """Azure Resource Manager at another address than the cloud's own."""

    arm_token: str = Field(default="", alias="MODELGATE_ARM_TOKEN", repr=False)
    """A fixed bearer token instead of the app's identity, for an emulator on this machine."""

    blob_url: BlobServices = Field(default="", alias="MODELGATE_BLOB_URL")
    """Blob services of the workspaces that are not at their cloud's usual address
    (`https://{account}.blob.core.windows.net`), separated by commas: an address with `{account}`
    in it, or `name=https://…` for one account, such as those in DNS zones."""

    scoring_url: SafeAddress = Field(default="", alias="MODELGATE_SCORING_URL")
    """What every scoring address begins with; empty for the addresses of the cloud's regions and
    those that pipelines name. An endpoint's key goes nowhere else."""

    most_files: int = Field(default=FILES, alias="MODELGATE_MOST_FILES", ge=1, le=1_000_000)
    """How many files a model may have."""

    workspace_storage: Literal["identity", "datastore-key"] = Field(
        default="identity", alias="MODELGATE_WORKSPACE_STORAGE"
    )
    """How the workspaces' storage is opened: with the app's identity, or with the keys that the
    workspaces' datastores hold."""

    client_id: str = Field(default="", alias="AZURE_CLIENT_ID")
    """Client id of the user-assigned managed identity."""

    pipelines: Path = Field(default=Path("pipelines"), alias="MODELGATE_PIPELINES")
    """Folder of the pipeline files."""

    @property
    def address(self) -> str:
        """Where people reach this app, without a closing slash."""
        return self.base_url.rstrip("/")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings; one that is empty counts as left out.

    Raises:
        InvalidSettingsError: With a line per setting that is missing or unsafe.
    """
    given = {name: value for name, value in environment.items() if value}
    if host_name := given.get("WEBSITE_HOSTNAME"):
        given.setdefault("MODELGATE_BASE_URL", f"https://{host_name}")
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        problems = []
        for detail in error.errors():
            name = ".".join(str(part) for part in detail["loc"][:1])
            message = detail["msg"].removeprefix("Value error, ")
            told = "is missing" if detail["type"] == "missing" else message
            problems.append(f"{name}: {told}" if name else told)
        raise InvalidSettingsError("\n".join(problems)) from error
