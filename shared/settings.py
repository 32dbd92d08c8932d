"""Settings from the environment or from secret files: complete at start-up, or the start fails and says which is wrong."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.environment import SECRETS
from shared.scanning import ADDRESS


class SettingsError(SystemExit):
    """The environment is incomplete or wrong; the text names each variable and what is expected of it."""


class ServiceSettings(BaseSettings):
    """What each service needs. A subclass sets `env_prefix="MADOGUCHI_<SERVICE>_"` for what is its own."""

    model_config = SettingsConfigDict(secrets_dir=SECRETS, extra="ignore")

    database_url: SecretStr = Field(description="SQLAlchemy URL of PostgreSQL, with this service's own role")
    database_pool: int = Field(default=8, ge=1, le=100, description="connections kept open a process")
    broker_url: SecretStr = Field(
        validation_alias="MADOGUCHI_BROKER_URL", description="redis:// URL of the broker that rings the bell"
    )
    secret_key: SecretStr = Field(
        validation_alias="MADOGUCHI_SECRET_KEY", min_length=32, description="signs the links of the e-mailed sign-in"
    )
    posts_per_caller: float = Field(
        default=50.0,
        ge=0,
        description="requests a second that change something, for one key or session, ten times as many at once; 0: no limit",
    )
    posts_per_address: float = Field(
        default=200.0,
        ge=0,
        description="requests a second that change something, from one address, ten times as many at once; 0: no limit",
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="MADOGUCHI_METRICS_TOKEN",
        description="whoever sends it reads /metrics/<service> (Prometheus); empty: there is nothing at that address",
    )
    sealing_keys: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="MADOGUCHI_SEALING_KEYS",
        description="what personal fields are encrypted with, made by `madoguchi keys new`: the first encrypts, all decrypt; "
        "empty: nothing is encrypted",
    )
    base_url: str = Field(
        default="http://127.0.0.1:8000",
        validation_alias="MADOGUCHI_BASE_URL",
        pattern=r"^https?://[^/]+$",
        description="the address people use, without a path: https, except on one's own machine",
    )

    @field_validator("sealing_keys")
    @classmethod
    def _readable(cls, keys: SecretStr) -> SecretStr:
        from shared.sealing.ring import Ring  # here, since beat, which has little memory, has nothing to seal

        Ring.read(keys.get_secret_value())
        return keys

    @field_validator("base_url")
    @classmethod
    def _encrypted(cls, address: str) -> str:
        parts = urlsplit(address)  # browsers send our cookies over nothing else, and mailed links carry secrets
        if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("people have to reach it by https://")
        return address


class FileSettings(BaseSettings):
    """What services need that keep or hand out people's files. The same for all of them."""

    storage: str = Field(
        validation_alias="MADOGUCHI_STORAGE",
        pattern=r"^(/.+|s3://[^/?]+.*)$",
        description="a folder's absolute path, or s3://bucket/prefix?endpoint=https://…&region=… (shared.storage)",
    )
    clamd: str = Field(
        default="",
        validation_alias="MADOGUCHI_CLAMD",
        pattern=ADDRESS,
        description="tcp://host:3310 or unix:///path of clamd; empty: files are not scanned, and every page says so",
    )


Settings = TypeVar("Settings", bound=BaseSettings)


def load(settings: type[Settings]) -> Settings:
    """Read `settings` from the environment. Raises SettingsError, which names the variables (and never their values)."""
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        lines = []
        for problem in error.errors(include_input=False, include_url=False):
            name = str(problem["loc"][0]) if problem["loc"] else "…"  # settings that do not go together
            variable = name if name.isupper() else f"{prefix}{name}".upper()
            lines.append(f"  {variable}: {problem['msg']}")
        raise SettingsError("Madoguchi cannot start; mend these settings:\n" + "\n".join(lines)) from None
