"""Two programs that migrate at the same time wait for each other, also while an index is made concurrently."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from deploy.database import OWNER, ROLES, bootstrap, migrate
from tests.site import Site


def test_two_at_the_same_time_both_end_with_the_newest_version(site: Site) -> None:
    """In a database of its own, from nothing."""
    assert set(site.passwords) == set(ROLES)
    bootstrap(site.admin_url, site.passwords, database="migrated_twice")
    url = site.url(OWNER).rsplit("/", 1)[0] + "/migrated_twice"
    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(migrate, url) for _ in range(2)]:
            done.result(timeout=100)
