"""What sealing the trace needs; the web process has neither key nor folder."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from services.review.audit.heads import private_key
from services.review.settings import Settings


def _is_key(secret: SecretStr) -> SecretStr:
    private_key(secret.get_secret_value())
    return secret


class SealingSettings(Settings):
    """Settings of the desk's worker (docs/adr/0015)."""

    audit_key: Annotated[SecretStr, AfterValidator(_is_key)] = Field(
        validation_alias="MADOGUCHI_AUDIT_KEY", description="Ed25519: 32 random bytes in Base64"
    )
    audit_heads: str = Field(
        validation_alias="MADOGUCHI_AUDIT_HEADS",
        pattern="^/.+",
        description="a folder's absolute path, outside the database's machine if possible",
    )
