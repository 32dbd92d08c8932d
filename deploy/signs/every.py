"""All signs together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploy.signs import retention, servers, services, work
from deploy.signs.health import healths
from deploy.signs.sign import GROUPS, Sign

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlmodel import Session


def in_the_database(session: Session) -> Iterator[Sign]:
    """What the operator's role sees in the database."""
    yield from services.canaries(session)
    yield from work.work(session)
    yield from servers.postgres(session)
    yield from work.backups(session)
    yield from retention.retention(session, datetime.now(UTC))
    yield from work.features(session)


def around_it(broker_url: SecretStr, addresses: list[str]) -> Iterator[Sign]:
    """What the broker tells, and what the services tell of themselves, which takes time."""
    yield from servers.broker(broker_url)
    yield from services.services(healths(addresses))


def everything(session: Session, broker_url: SecretStr, addresses: list[str]) -> list[Sign]:
    """All signs, in the order of GROUPS. The session's transaction is over when the services are asked."""
    found = [*in_the_database(session)]
    session.commit()
    order = list(GROUPS)
    return sorted([*found, *around_it(broker_url, addresses)], key=lambda sign: order.index(sign.group))
