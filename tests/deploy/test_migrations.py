"""Programs that migrate wait for each other, and for those who work, whom they keep from it for half a second at most."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from deploy.database import OWNER, ROLES, bootstrap, migrate
from tests.site import Site


def test_two_at_the_same_time_both_end_with_the_newest_version(site: Site) -> None:
    """In a database of its own, from nothing; also while an index is made concurrently."""
    assert set(site.passwords) == set(ROLES)
    bootstrap(site.admin_url, site.passwords, database="migrated_twice")
    url = site.url(OWNER).rsplit("/", 1)[0] + "/migrated_twice"
    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(migrate, url) for _ in range(2)]:
            done.result(timeout=100)


def test_it_is_tried_again_while_somebody_is_in_its_way(site: Site) -> None:
    with ThreadPoolExecutor() as beside, site.owner.connect() as working:
        working.execute(text("lock table opendata.alembic_version"))
        migrating = beside.submit(migrate, site.url(OWNER))
        with pytest.raises(TimeoutError):
            migrating.result(timeout=1)
        working.rollback()
        migrating.result(timeout=30)
