"""All signs together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploy.console.health import healths
from deploy.console.signs import retention, servers, services, work
from deploy.console.signs.sign import GROUPS, Sign

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlmodel import Session


def everything(session: Session, broker_url: SecretStr, addresses: list[str]) -> list[Sign]:
    """All signs, in the order of GROUPS. The session's transaction is over when the services are asked, which takes time."""
    found = [
        *services.canaries(session),
        *work.work(session),
        *servers.postgres(session),
        *work.backups(session),
        *retention.retention(session, datetime.now(UTC)),
        *work.features(session),
    ]
    session.commit()
    found += servers.broker(broker_url)
    found += services.services(healths(addresses))
    order = list(GROUPS)
    return sorted(found, key=lambda sign: order.index(sign.group))
