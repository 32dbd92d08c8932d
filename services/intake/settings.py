"""Settings of the counter."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.identity.providers import Provider
from shared.settings import FileSettings, ServiceSettings


class Settings(FileSettings, ServiceSettings):
    """Environment variables begin with MADOGUCHI_INTAKE_."""

    model_config = SettingsConfigDict(env_prefix="MADOGUCHI_INTAKE_", extra="ignore")

    waiting_filings: int = Field(default=1000, ge=1, description="filings that may wait for their commit at once; beyond, 503")
    filings_per_caller: float = Field(
        default=0.0, ge=0, description="POST /v1/applications a second for one key, ten times as many at once; 0: no limit"
    )
    lookups_per_address: float = Field(
        default=5.0, ge=0, description="GET /v1/lookups a second for one address, ten times as many at once; 0: no limit"
    )
    sign_ins_per_address: float = Field(
        default=2.0, ge=0, description="sign-in links asked for a second from one address, ten times as many at once; 0: no limit"
    )
    registrations_per_address: float = Field(
        default=0.5, ge=0, description="registrations asked for a second from one address, ten times as many at once; 0: no limit"
    )
    attachment_bytes: int = Field(
        default=50 * 1024 * 1024,
        ge=1,
        le=1024**3,
        description="largest attachment; clamd's StreamMaxLength, MaxFileSize and MaxScanSize have to be above it",
    )
    uploads_at_once: int = Field(default=16, ge=1, description="uploads that a process takes at the same time; beyond, 503")
    sign_in_providers: tuple[Provider, ...] = Field(
        default=(),
        validation_alias="MADOGUCHI_SIGN_IN_PROVIDERS",
        description="OpenID Connect providers as a JSON list (shared.identity.providers.Provider); none: the mailed link alone",
    )
