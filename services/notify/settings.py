"""Settings of the post."""

from __future__ import annotations

from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables begin with MADOGUCHI_NOTIFY_."""

    model_config = SettingsConfigDict(env_prefix="MADOGUCHI_NOTIFY_", extra="ignore")

    smtp_url: SecretStr = Field(
        description="smtp://[user:password@]host[:port], or smtps://; smtp:// uses STARTTLS where offered"
    )
    smtp_connections: int = Field(default=8, ge=1, le=100, description="connections to it, kept open by each process that sends")
    smtp_starttls: Literal["required", "opportunistic", "none"] = Field(
        default="opportunistic",
        description="with smtp://. required: the server's certificate is checked; opportunistic: where it is offered, and checked"
        " only where there is a password",
    )
    smtp_ca: str = Field(default="", description="a file of certificates to trust instead of the system's; empty: the system's")
    smtp_ehlo: str = Field(default="", pattern=r"^[A-Za-z0-9.:\[\]-]*$", description="how we greet; empty: this host's name")
    dkim_key: Path | None = Field(default=None, description="a file with the private key that signs mails (RSA or Ed25519, PEM)")
    dkim_selector: str = Field(default="", pattern=r"^[A-Za-z0-9._-]*$", description="the name of its public half in DNS")
    dkim_domain: str = Field(default="", pattern=r"^[A-Za-z0-9.-]*$", description="whose key it is; empty: the sender's domain")
    bounce_address: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9._-]{1,20}@[A-Za-z0-9.-]+)?$",
        description="where what cannot be delivered comes back to: bounces@domain, whose mail server delivers"
        " bounces+anything@domain to the same mailbox; empty: to the sender",
    )
    bounce_maildir: Path | None = Field(default=None, description="the Maildir folder of that mailbox, if it is read from here")
    smtp_domain_connections: int = Field(
        default=0, ge=0, le=100, description="mails to one recipients' domain at a time, by each process that sends; 0: no limit"
    )
    smtp_domain_rate: float = Field(
        default=0.0, ge=0, description="mails to one recipients' domain a second, by each process that sends; 0: no limit"
    )
    smtp_timeout: float = Field(default=30.0, ge=1, le=50, description="seconds to wait for each of its answers")
    sender: str = Field(default="窓口 <no-reply@madoguchi.example>", description="From: of every mail, with a name")
    inbox_days: int = Field(default=90, ge=1, le=3650, description="how long messages to officials lie in their inbox")
    # where webhooks, callbacks and providers may be (services.notify.channels.http)
    private_networks: list[IPv4Network | IPv6Network] = Field(
        default=[], description='networks besides the public internet that may be called, as JSON: ["10.20.0.0/16"]'
    )
    plain_http: bool = Field(default=False, description="whether http:// may be called too; for development")
    ports_called: list[int] = Field(default=[443, 8443], description="ports that may be called, as JSON; []: all")

    # text messages (docs/text-messages.md)
    sms_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s]+|folder:///[^\s]+)?$",
        description="the provider of text messages; folder:///… writes them to files, for development; empty: none are sent",
    )
    sms_token: SecretStr = Field(default=SecretStr(""), description="what the provider of text messages knows us by")
    sms_sender: str = Field(default="", max_length=15, description="number or name that text messages come from")
    sms_receipts_token: SecretStr = Field(
        default=SecretStr(""), description="what we know the provider by when it says what became of them; empty: it may not"
    )
    storage: str = Field(
        default="",
        validation_alias="MADOGUCHI_STORAGE",
        pattern=r"^(/.+|s3://[^/?]+.*)?$",
        description="where letters wait for the print room; empty: no letters are made",
    )

    @property
    def carried(self) -> frozenset[str]:
        """The channels that this site can tell people by."""
        return frozenset({"email", "inbox", *(["sms"] if self.sms_url else ()), *(["letter"] if self.storage else ())})

    @field_validator("smtp_url")
    @classmethod
    def _scheme(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("smtp://", "smtps://")):
            raise ValueError("begin with smtp:// or smtps://")
        return url

    @field_validator("sender")
    @classmethod
    def _address(cls, sender: str) -> str:
        if "@" not in parseaddr(sender)[1]:
            raise ValueError("write it as Name <address@domain>")
        return sender

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.dkim_key and not self.dkim_selector:
            raise ValueError("MADOGUCHI_NOTIFY_DKIM_KEY needs MADOGUCHI_NOTIFY_DKIM_SELECTOR")
        return self
