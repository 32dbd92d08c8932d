"""Whatever is done to the trace behind the desk's back, `verify` finds it and says where."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from services.review.audit import chain, heads, verification
from services.review.audit.audit import note
from tests.review.audit.test_notes import CASE, an_official
from tests.site import Site

KEY = heads.private_key("A" * 43)
OFFICIAL = an_official()


def notes(site: Site, count: int, first: int = 1) -> None:
    with site.session("review") as session:
        for number in range(first, first + count):
            note(session, OFFICIAL, "case.assigned", CASE, number=number, to=OFFICIAL.account_id)
        session.commit()


def seals(site: Site, folder: Path) -> None:
    """Seal what waits, and write the head."""
    with site.session("review") as session:
        chain.seal(session)
        session.commit()
        heads.write_head(session, folder, KEY)


def found(site: Site, folder: Path) -> list[str]:
    public = KEY.public_key()
    with site.session("operator") as session:
        return list(verification.verify(session, heads.every(folder), {heads.name_of(public): public}))


def entry_of(site: Site, seq: int) -> int:
    return int(site.value("select entry_id from review.audit_link where seq = :seq", seq=seq))


@pytest.fixture
def sealed(clean: Site, tmp_path: Path) -> Path:
    """Nine entries, sealed three by three; the folder of the heads."""
    for first in (1, 4, 7):
        notes(clean, 3, first)
        seals(clean, tmp_path)
    assert found(clean, tmp_path) == []
    return tmp_path


def rewrites(site: Site) -> None:
    """Make the chain agree with its entries again, as somebody could who knows how it is made."""
    with site.owner.begin() as connection:
        before = chain.BEFORE_THE_FIRST
        entries = "review.audit_link l join review.audit_entry e on e.id = l.entry_id order by l.seq"
        for row in connection.execute(text(f"select l.seq, {chain.ENTRY_COLUMNS} from {entries}")).mappings().all():
            own = chain.digest(row)
            before = chain.linked(before, own)
            change = text("update review.audit_link set digest = :digest, hash = :hash where seq = :seq")
            connection.execute(change, {"digest": own, "hash": before, "seq": row["seq"]})


def exchanges(site: Site, columns: str) -> None:
    """Links 4 and 5 change places, in these columns."""
    own = ", ".join(f"o.{name}" for name in columns.split(", "))
    site.run("alter table review.audit_link drop constraint audit_link_entry_id_key")
    site.run(
        f"""update review.audit_link l set ({columns}) = (select {own} from review.audit_link o where o.seq = 9 - l.seq)
        where l.seq in (4, 5)"""
    )
    site.run("alter table review.audit_link add constraint audit_link_entry_id_key unique (entry_id)")


def changes(site: Site) -> None:
    site.run("update review.audit_entry set account_name = '別人' where id = :id", id=entry_of(site, 4))


def removes(site: Site) -> None:
    site.run("delete from review.audit_entry where id = :id", id=entry_of(site, 4))


def removes_with_link(site: Site) -> None:
    removes(site)
    site.run("delete from review.audit_link where seq = 4")


def closes_the_gap(site: Site) -> None:
    removes_with_link(site)
    for seq in range(5, 10):
        site.run("update review.audit_link set seq = :seq - 1 where seq = :seq", seq=seq)


def puts_in(site: Site) -> None:
    site.run(
        """insert into review.audit_entry (account_name, duty, act, case_id, details)
        values ('', '', 'case.decided', :case, '{}')""",
        case=CASE,
    )


def changes_and_rewrites(site: Site) -> None:
    changes(site)
    rewrites(site)


def closes_and_rewrites(site: Site) -> None:
    closes_the_gap(site)
    rewrites(site)


def cuts_the_tail(site: Site) -> None:
    site.run("delete from review.audit_entry where id >= :id", id=entry_of(site, 8))
    site.run("delete from review.audit_link where seq >= 8")


def empties(site: Site) -> None:
    site.run("truncate review.audit_entry, review.audit_link, review.audit_waiting")


TAMPERED: list[tuple[Callable[[Site], None], str]] = [
    (changes, r"^entry \d+ \(link 4\): not as it was sealed"),
    (removes, r"^entry \d+ \(link 4\): removed"),
    (removes_with_link, r"^link 4 to 4: missing"),
    (closes_the_gap, r"^link 4: does not follow"),
    (puts_in, r"^entry \d+: not in the chain, and not waiting"),
    (lambda site: exchanges(site, "entry_id, digest"), r"^link 4: does not follow.*reordered"),
    (lambda site: exchanges(site, "entry_id, digest, hash"), r"^link 4: does not follow.*reordered"),
    (lambda site: exchanges(site, "entry_id"), r"^entry \d+ \(link 4\): .*exchanged"),
    (changes_and_rewrites, r"^head of .*link 6 has another hash"),
    (closes_and_rewrites, r"^head of .*link 9 is not there"),
    (cuts_the_tail, r"^head of .*link 9 is not there; the chain was cut"),
    (empties, r"^head of .*link 9 is not there"),
]


@pytest.mark.parametrize(("tamper", "says"), TAMPERED)
def test_what_was_tampered_with_is_found(clean: Site, sealed: Path, tamper: Callable[[Site], None], says: str) -> None:
    tamper(clean)
    findings = found(clean, sealed)
    assert any(re.search(says, finding) for finding in findings), findings


def test_heads_that_were_changed_or_removed_are_found(clean: Site, sealed: Path) -> None:
    (file,) = sealed.glob("*.jsonl")
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([lines[0].replace('"seq":3', '"seq":2'), "no head\n", *lines[1:]]))
    wrong, unreadable = sorted(found(clean, sealed))
    assert (wrong[:7], "its signature is wrong" in wrong) == ("head of", True)
    assert unreadable.endswith("line 2: cannot be read")
    with clean.session("operator") as session:
        other = heads.private_key("B" * 43).public_key()
        findings = list(verification.verify(session, heads.every(sealed), {heads.name_of(other): other}))
        assert sum("signed by another key" in finding for finding in findings) == 3
    file.unlink()
    clean.run("update review.audit_link set sealed_at = now() - interval '2 hours'")
    assert found(clean, sealed)[0].startswith("link 1 to 9: under no signed head")


def test_a_transaction_that_ends_late_is_sealed_late_and_never_passed_over(clean: Site, tmp_path: Path) -> None:
    with clean.session("review") as late:
        note(late, OFFICIAL, "case.assigned", CASE, number=1)
        notes(clean, 3, 2)
        seals(clean, tmp_path)
        assert clean.value("select count(*) from review.audit_link") == 3
        late.commit()
    seals(clean, tmp_path)
    assert found(clean, tmp_path) == []
    assert clean.value("select details ->> 'number' from review.audit_entry where id = :id", id=entry_of(clean, 4)) == "1"


def test_what_waits_for_too_long_is_said(clean: Site, tmp_path: Path) -> None:
    notes(clean, 1)
    assert found(clean, tmp_path) == []
    clean.run("update review.audit_entry set at = now() - interval '2 hours'")
    (finding,) = found(clean, tmp_path)
    assert "waits to be sealed" in finding


def test_workers_that_seal_at_the_same_time_make_one_chain(clean: Site) -> None:
    from services.review.tasks import seal_trace

    def work(number: int) -> None:
        for _ in range(5):
            notes(clean, 4, number)
            seal_trace()

    with ThreadPoolExecutor(3) as workers:
        list(workers.map(work, range(3)))
    seal_trace()
    assert clean.value("select max(seq) from review.audit_link") == 60
    key = heads.private_key(clean.environment["MADOGUCHI_AUDIT_KEY"]).public_key()
    with clean.session("operator") as session:
        assert list(verification.verify(session, heads.every(clean.heads), {heads.name_of(key): key})) == []
    assert clean.value("select count(*) from review.audit_waiting") == 0


def test_a_head_after_a_torn_line_begins_a_line_of_its_own(clean: Site, sealed: Path) -> None:
    (file,) = sealed.glob("*.jsonl")
    with file.open("a") as torn:
        torn.write('{"seq": 9, "ha')
    notes(clean, 1, 10)
    seals(clean, sealed)
    head = heads.newest(sealed)
    assert head is not None
    assert head.seq == 10
    assert [finding for finding in found(clean, sealed) if "cannot be read" not in finding] == []


def test_an_entry_has_the_same_digest_whatever_the_time_zone_of_the_session(clean: Site, sealed: Path) -> None:
    assert sealed
    query = text(f"select {chain.ENTRY_COLUMNS} from review.audit_entry e order by e.id limit 1")
    digests = set()
    for zone in ("UTC", "Asia/Tokyo"):
        with clean.session("review") as session:
            session.execute(text(f"set time zone '{zone}'"))
            digests.add(chain.digest(session.execute(query).mappings().one()))
    assert len(digests) == 1


@pytest.mark.parametrize("secret", ["", "short", "A" * 44, "ä" * 43, str(UUID(int=0))])
def test_what_is_no_key_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        heads.private_key(secret)
