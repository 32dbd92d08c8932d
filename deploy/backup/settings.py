"""Settings of the backups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from deploy.backup.keys import recipient
from shared.environment import SECRETS


class Settings(BaseSettings):
    """What the backups need; all of it is the environment's, prefixed MADOGUCHI_BACKUP_."""

    model_config = SettingsConfigDict(env_prefix="MADOGUCHI_BACKUP_", secrets_dir=SECRETS, extra="ignore")

    database_url: SecretStr = Field(description="SQLAlchemy URL of PostgreSQL itself (no pooler), with the role madoguchi_backup")
    store: str = Field(
        pattern=r"^(/.+|s3://[^/?]+.*)$",
        description="where the backups go: a folder's absolute path (of another disk or machine), or s3://… as MADOGUCHI_STORAGE",
    )
    recipients: Annotated[tuple[str, ...], NoDecode] = Field(
        min_length=1, description="who can read the backups: public keys of `madoguchi backup key`, with spaces between"
    )
    storage: str = Field(
        validation_alias="MADOGUCHI_STORAGE",
        pattern=r"^(/.+|s3://[^/?]+.*)$",
        description="a folder's absolute path, or s3://bucket/prefix?endpoint=https://…&region=… (shared.storage)",
    )
    heads: Path = Field(validation_alias="MADOGUCHI_AUDIT_HEADS", description="folder of the signed heads of the trace")
    secrets: Path = Field(default=Path("/run/secrets"), description="the folder of secrets that is saved too")
    spool: Path = Field(default=Path("/var/lib/madoguchi/backup"), description="folder for what is on its way to the store")
    spool_bytes: int = Field(
        default=2 * 1024**3,
        ge=64 * 1024**2,
        description="most bytes there; beyond it PostgreSQL keeps the rest, within its own limit",
    )
    every_seconds: float = Field(default=30, ge=1, le=60, description="how often what was committed is put into the store")
    base_hours: float = Field(default=24, gt=0, le=24 * 31, description="how often the whole database is copied anew")
    keep: int = Field(
        default=7, ge=1, le=1000, description="copies of the whole database kept, with all that came after the oldest"
    )
    identity: Path | None = Field(
        default=None,
        description="file of an identity, for rehearsals by themselves; whoever has this machine can then read backups",
    )
    rehearsal_days: float = Field(default=7, gt=0, description="how often restoring is rehearsed, where there is an identity")

    @field_validator("recipients", mode="before")
    @classmethod
    def _each(cls, written: object) -> object:
        return tuple(written.split()) if isinstance(written, str) else written

    @field_validator("recipients")
    @classmethod
    def _known(cls, written: tuple[str, ...]) -> tuple[str, ...]:
        for one in written:
            recipient(one)
        return written
