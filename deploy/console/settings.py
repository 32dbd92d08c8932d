"""Settings of the console."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables begin with MADOGUCHI_OPERATOR_: the console has the operator's access to the database."""

    model_config = SettingsConfigDict(env_prefix="MADOGUCHI_OPERATOR_", extra="ignore")

    health_url: str = Field(
        default="",
        pattern=r"^(https?://\S+( +https?://\S+)*)?$",
        description="where health is asked for: one address that tells of all services, or each service's, with spaces between; "
        "/health/ready of MADOGUCHI_BASE_URL when empty",
    )

    @property
    def health_addresses(self) -> list[str]:
        """Where the health of all services is asked for."""
        return (self.health_url or f"{self.base_url}/health/ready").split()
