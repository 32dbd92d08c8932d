"""Settings of the desk."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import FileSettings, ServiceSettings


class Settings(FileSettings, ServiceSettings):
    """Environment variables begin with MADOGUCHI_REVIEW_."""

    model_config = SettingsConfigDict(env_prefix="MADOGUCHI_REVIEW_", extra="ignore")

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
