"""Settings of the shop window."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables begin with MADOGUCHI_OPENDATA_."""

    model_config = SettingsConfigDict(env_prefix="MADOGUCHI_OPENDATA_", extra="ignore")
