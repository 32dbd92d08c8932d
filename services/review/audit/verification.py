"""Looking for what was done to the trace, without trusting the database: entries, links and signed heads have to agree.

Everything is read in pages, so that memory stays flat and no statement takes long, however long the chain is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import RowMapping, TextClause, text
from sqlmodel import Session

from services.review.audit.chain import BEFORE_THE_FIRST, ENTRY_COLUMNS, digest, linked
from services.review.audit.heads import Head, Unreadable
from services.review.audit.purging import Checkpoint

PAGE = 2000
# The worker seals every few seconds. What is older than this and not sealed, or not under a head, was kept from it.
PATIENCE = timedelta(hours=1)

_LINKS = text(f"""
select l.seq, l.entry_id, l.digest, l.hash, {ENTRY_COLUMNS}
from (select * from review.audit_link where seq > :after order by seq limit :page) l
left join review.audit_entry e on e.id = l.entry_id order by l.seq
""")  # noqa: S608 - our own names
_ENTRIES = text("""
select e.id, e.at, l.seq, w.entry_id as waits
from (select id, at from review.audit_entry where id > :after order by id limit :page) e
left join review.audit_link l on l.entry_id = e.id
left join review.audit_waiting w on w.entry_id = e.id order by e.id
""")
_AT = text("select seq, hash from review.audit_link where seq = any(:seqs)")
_BARE = text("select min(seq) as first, max(seq) as last from review.audit_link where seq > :covered and sealed_at < :before")


def verify(
    session: Session,
    heads: Iterable[Head | Unreadable],
    keys: Mapping[str, Ed25519PublicKey],
    progress: Callable[[str, int], None] = lambda _what, _count: None,
    purged: Iterable[Checkpoint | Unreadable] = (),
) -> Iterator[str]:
    """What is wrong, each with its place; nothing when all is well. `keys` are the public keys in force, by their names.

    `purged` says up to which link entries may be missing, because their time was over.
    """
    good: list[Checkpoint] = []
    yield from _purged(session, purged, keys, good)
    yield from _chain(session, max((one.seq for one in good), default=0), progress)
    yield from _entries(session, progress)
    yield from _heads(session, heads, keys, progress)


def _pages(session: Session, query: TextClause, key: str) -> Iterator[RowMapping]:
    after = 0
    while page := session.execute(query, {"after": after, "page": PAGE}).mappings().all():
        yield from page
        after = page[-1][key]


def _purged(
    session: Session, said: Iterable[Checkpoint | Unreadable], keys: Mapping[str, Ed25519PublicKey], good: list[Checkpoint]
) -> Iterator[str]:
    """Each word about purging is signed by a key in force, and the chain goes through it; those that are go to `good`."""
    for one in said:
        if isinstance(one, Unreadable):
            yield f"purged, {one.where}: cannot be read"
            continue
        link = session.execute(_AT, {"seqs": [one.seq]}).first()
        if one.key not in keys or not one.is_signed_by(keys[one.key]):
            yield f"purged up to link {one.seq}, of {one.at}: not signed by a key in force"
        elif link is None or link.hash.hex() != one.hash:
            yield f"purged up to link {one.seq}, of {one.at}: the chain has another hash there"
        else:
            good.append(one)


def _chain(session: Session, purged: int, progress: Callable[[str, int], None]) -> Iterator[str]:
    """Each link follows from the one before, and its entry is as it was sealed, or was purged in its time."""
    seq, before = 0, BEFORE_THE_FIRST
    for count, link in enumerate(_pages(session, _LINKS, "seq"), start=1):
        if link["seq"] != seq + 1:
            yield f"link {seq + 1} to {link['seq'] - 1}: missing"
        elif linked(before, link["digest"]) != link["hash"]:
            yield f"link {link['seq']}: does not follow from the one before; rows were reordered, put in or replaced here"
        if link["id"] is None:
            if link["seq"] > purged:
                yield f"entry {link['entry_id']} (link {link['seq']}): removed"
        elif digest(link) != link["digest"]:
            yield f"entry {link['entry_id']} (link {link['seq']}): not as it was sealed; it was changed or exchanged"
        seq, before = link["seq"], link["hash"]
        progress("links", count)


def _entries(session: Session, progress: Callable[[str, int], None]) -> Iterator[str]:
    """Each entry is in the chain, or was committed a moment ago."""
    before = datetime.now(UTC) - PATIENCE
    for count, entry in enumerate(_pages(session, _ENTRIES, "id"), start=1):
        if entry["seq"] is None and entry["waits"] is None:
            yield f"entry {entry['id']}: not in the chain, and not waiting for it; it was put in, or its link was removed"
        elif entry["seq"] is None and entry["at"] < before:
            yield f"entry {entry['id']}: waits to be sealed since {entry['at']:%Y-%m-%d %H:%M} UTC; does the worker run?"
        progress("entries", count)


def _heads(
    session: Session,
    heads: Iterable[Head | Unreadable],
    keys: Mapping[str, Ed25519PublicKey],
    progress: Callable[[str, int], None],
) -> Iterator[str]:
    """Each head is signed by a key in force, and the chain goes through it; the newest covers all but the last hour."""
    covered, count, left = 0, 0, iter(heads)
    while page := list(islice(left, PAGE)):
        good: list[Head] = []
        for one in page:
            count += 1
            if isinstance(one, Unreadable):
                yield f"heads, {one.where}: cannot be read"
            elif one.key not in keys:
                yield f"head of {one.at} (link {one.seq}): signed by another key ({one.key})"
            elif not one.is_signed_by(keys[one.key]):
                yield f"head of {one.at} (link {one.seq}): its signature is wrong"
            else:
                good.append(one)
        known = {row.seq: row.hash.hex() for row in session.execute(_AT, {"seqs": [one.seq for one in good]})}
        for one in good:
            if one.seq not in known:
                yield f"head of {one.at}: link {one.seq} is not there; the chain was cut"
            elif known[one.seq] != one.hash:
                yield f"head of {one.at}: link {one.seq} has another hash; the chain was written anew before it"
        covered = max([covered, *(one.seq for one in good)])
        progress("heads", count)
    bare = session.execute(_BARE, {"covered": covered, "before": datetime.now(UTC) - PATIENCE}).one()
    if bare.first is not None:
        yield f"link {bare.first} to {bare.last}: under no signed head; heads were removed, or the worker cannot write them"
