"""The oldest part of the trace goes after ten years; the chain verifies, and what else is missing is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.review.audit import chain, heads, purging
from services.review.audit.verification import verify
from services.review.retention.purging import service
from tests.retention.parts import purged
from tests.site import Site

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ENTRY = """
insert into review.audit_entry (at, account_name, duty, act, details) values (now() - interval '{} years', '', '', 'x', '{{}}')
"""


@pytest.fixture
def sealed(clean: Site, tmp_path: Path) -> Path:
    """The folder with the heads of a trace: three entries of eleven years ago, three of nine."""
    for years in (11, 11, 11, 9, 9, 9):
        clean.run(ENTRY.format(years))
    clean.run("insert into review.audit_waiting select id from review.audit_entry")
    with clean.session("review") as session:
        assert chain.seal(session) == 6
        session.commit()
        heads.write_head(session, tmp_path, KEY)
    return tmp_path


def wrong(site: Site, folder: Path, key: Ed25519PrivateKey = KEY) -> list[str]:
    with site.session("review") as session:
        public = {heads.name_of(key.public_key()): key.public_key()}
        return list(verify(session, heads.every(folder), public, purged=purging.every(folder)))


def test_the_chain_verifies_after_a_purge_and_what_else_is_missing_is_found(clean: Site, sealed: Path) -> None:
    assert wrong(clean, sealed) == []
    assert purged(service(purging.purge(sealed, KEY))) == {("review.audit", "", "deleted"): 3}
    assert clean.value("select count(*) from review.audit_entry") == 3
    assert wrong(clean, sealed) == []
    clean.run("delete from review.audit_entry where id in (select max(id) from review.audit_entry)")
    assert ["removed" in found for found in wrong(clean, sealed)] == [True]


def test_without_a_signed_word_what_is_missing_was_removed(clean: Site, sealed: Path) -> None:
    purged(service(purging.purge(sealed, Ed25519PrivateKey.generate())))
    found = wrong(clean, sealed)
    assert "not signed by a key in force" in found[0]
    assert sum("removed" in one for one in found) == 3


def test_no_entry_goes_before_its_time_whoever_asks(clean: Site, sealed: Path) -> None:
    assert sealed
    with clean.session("review") as session:
        gone = session.connection().exec_driver_sql("select review.forget_entries(array(select seq from review.audit_link))")
        assert gone.scalar() == 3
