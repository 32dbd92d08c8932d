"""Settings of the desk."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from shared.settings import FileSettings, ServiceSettings


class Settings(FileSettings, ServiceSettings):
    """Environment variables begin with MADOGUCHI_REVIEW_."""

    model_config = SettingsConfigDict(env_prefix="MADOGUCHI_REVIEW_", extra="ignore")
