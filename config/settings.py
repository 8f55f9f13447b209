"""What differs from one installation to the next, read from environment variables that begin with WARDCYCLE_."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Language = Literal["en", "zh"]
SHORTEST_KEY = 16
SecretKey = Annotated[SecretStr, Field(min_length=SHORTEST_KEY)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class Settings(BaseSettings):
    """One installation. Every field can be set as WARDCYCLE_<NAME>."""

    # Without a prefix a field `language` would read the shell's own variables.
    model_config = SettingsConfigDict(env_prefix="WARDCYCLE_", frozen=True, env_ignore_empty=True)

    database_url: str = Field("", description="SQLAlchemy address; empty: a SQLite file in the data folder.")
    data_folder: Path = Field(Path(".wardcycle"), description="Where the database and attachments lie.")
    config_folder: Path | None = Field(None, description="The hospital's own YAML, added to the shipped one.")
    calendar: str = Field("cn", description="A file of config/calendars, without its ending.")
    language: Language | None = Field(None, description="Language of texts; unset: that of the system.")
    base_url: str = Field("", description="Address of the web pages as people reach them, for links in mails.")

    web_host: str = Field("127.0.0.1", description="Address that the web pages listen on.")
    open_reading: bool = Field(
        False, description="Pages without a login, for the demo; only where nobody but this machine reaches them."
    )
    web_port: Port = Field(8420, description="Port of the web pages.")
    prefect_port: Port = Field(4200, description="Port of the Prefect server that is started with the product.")

    oidc_issuer: str = Field("", description="Address of the hospital's OpenID Connect provider; empty: none.")
    oidc_client_id: str = Field("", description="What the provider calls this program.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Never printed; empty for a public client.")
    oidc_name: str = Field("SSO", description="What the button of single sign-on calls the provider.")

    smtp_host: str = Field("", description="The hospital's mail relay; empty: mails go to the local mailbox.")
    smtp_port: Port = Field(25, description="Port of the relay; usually 25, 587 (starttls) or 465 (tls).")
    smtp_user: str = Field("", description="Empty: the relay is used without a login.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Never printed.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field("none", description="How the way to the relay is encrypted.")
    smtp_sender: str = Field("wardcycle@localhost", description="The bare address that mails come from.")
    smtp_timeout_s: int = Field(20, ge=1, le=299, description="Seconds until the outcome of a mail counts as unknown.")
    send_deadline_s: int = Field(
        90,
        ge=5,
        le=300,
        validate_default=True,
        description="Seconds after which a send that hangs is ended; above SMTP_TIMEOUT_S. Its outcome is unknown.",
    )
    valve_floor: int = Field(
        1000, ge=1, description="So many messages due at once never shut the valve, whatever is usual here."
    )
    mailbox_smtp_port: Port = Field(2525, description="Where the local mailbox takes mails when there is no relay.")

    reply_address: str = Field("", description="Address for answers by mail, read by IMAP; empty: none are taken.")
    imap_host: str = Field("", description="The server of its mailbox; empty: no answers by mail.")
    imap_port: Port = Field(993, description="Port of that server; usually 993 (tls) or 143 (none, starttls).")
    imap_user: str = Field("", description="Who logs in there.")
    imap_password: SecretStr = Field(SecretStr(""), description="Never printed.")
    imap_tls: Literal["none", "starttls", "tls"] = Field("tls", description="How the way to it is encrypted.")
    imap_folder: str = Field("INBOX", description="The folder that is read; nobody else reads or marks mail in it.")

    secret_keys: Annotated[tuple[SecretKey, ...], NoDecode] = Field(
        (), description="Keys of the links in messages, the newest first; empty: secret.key in the data folder."
    )
    channel_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Private host:port pairs that channels may reach, with commas between."
    )
    sqlite_journal: Literal["auto", "wal", "delete"] = Field(
        "auto", description="auto: WAL only where this SQLite is free of the WAL-reset bug (3.51.3 or newer)."
    )

    @field_validator("send_deadline_s", mode="after")
    @classmethod
    def _outlasts_a_mail(cls, value: int, info: ValidationInfo) -> int:
        # A send that is ended before its mail times out would be called unknown where the server has refused it.
        timeout: int = info.data.get("smtp_timeout_s", 0)
        if value <= timeout:
            raise ValueError(f"must be above WARDCYCLE_SMTP_TIMEOUT_S ({timeout}): a mail has to time out by itself")
        return value

    @field_validator("channel_hosts", "secret_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @property
    def database(self) -> str:
        """Give the address of the database that is really used."""
        return self.database_url or f"sqlite:///{self.data_folder / 'wardcycle.db'}"

    @property
    def reader_language(self) -> Language:
        """Give the language for people at this machine: the setting, else the system's locale, else English."""
        if self.language is not None:
            return self.language
        locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
        return "zh" if locale.lower().startswith("zh") else "en"
