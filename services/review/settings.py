"""Settings of the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import FileSettings, ServiceSettings


class Settings(FileSettings, ServiceSettings):
    """Environment variables begin with MADOGUCHI_REVIEW_."""

    model_config = SettingsConfigDict(env_prefix="MADOGUCHI_REVIEW_", extra="ignore")

    seals: str = Field(
        default="", pattern=r"^(/.+)?$", description="a folder with the offices' seals, <office>.svg or .png; empty: 公印省略"
    )
    verifications_per_address: float = Field(
        default=5.0,
        ge=0,
        description="verifications of documents a second from one address, ten times as many at once; 0: no limit",
    )
    signing_pkcs12: str = Field(
        default="",
        pattern=r"^(/.+)?$",
        description="a PKCS#12 file; documents are signed with its key (PAdES). Needs the extra `signing`",
    )
    signing_passphrase: SecretStr = Field(default=SecretStr(""), description="opens the PKCS#12 file")
    signing_pkcs11_module: str = Field(
        default="", pattern=r"^(/.+)?$", description="or the PKCS#11 library of a token that keeps the key"
    )
    signing_pkcs11_token: str = Field(default="", description="the token's label")
    signing_pkcs11_slot: int | None = Field(default=None, ge=0, description="or the number of its slot")
    signing_pkcs11_label: str = Field(default="", description="the label of key and certificate in the token")
    signing_pkcs11_pin: SecretStr = Field(default=SecretStr(""), description="the token's PIN")
    signing_tsa: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="a timestamp authority (RFC 3161); empty: signatures have no timestamp",
    )
    signing_roots: str = Field(default="", pattern=r"^(/.+)?$", description="further certificates of the chain, in one PEM file")

    attachment_bytes: int = Field(
        default=50 * 1024 * 1024,
        ge=1,
        le=1024**3,
        description="largest file with a note, an opinion or a message; clamd's limits have to be above it, as for the counter's",
    )
    uploads_at_once: int = Field(default=8, ge=1, description="uploads that a process takes at the same time; beyond, 503")
    opinions_per_address: float = Field(
        default=5.0, ge=0, description="requests a second to /opinions from one address, ten times as many at once; 0: no limit"
    )

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.signing_pkcs12 and self.signing_pkcs11_module:
            raise ValueError("sign with a PKCS#12 file or with a PKCS#11 token, not with both")
        if self.signing_pkcs11_module and not (
            self.signing_pkcs11_label and (self.signing_pkcs11_token or self.signing_pkcs11_slot is not None)
        ):
            raise ValueError("a PKCS#11 token needs its label or slot, and the label of the key")
        if self.signing_pkcs12 and not Path(self.signing_pkcs12).is_file():
            raise ValueError(f"MADOGUCHI_REVIEW_SIGNING_PKCS12: there is no file {self.signing_pkcs12}")
        return self
