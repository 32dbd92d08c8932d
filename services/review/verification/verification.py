"""Whether a document is the very one that was issued: by the code in its QR, or by its hash. Nothing personal is told."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from services.review.models import Case, Document
from services.review.models.document import LETTER, State
from services.review.procedures import version
from services.review.wall import acts_as_house
from shared.events import ProcedureRef
from shared.i18n import Language, message, translate
from shared.problems import FieldError, Invalid, NotFound
from shared.storage import CHUNK

FILE_LIMIT = 25 * 1024 * 1024  # bytes
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[0-9A-Z]{16}")
_MISREAD = str.maketrans("OIL", "011")
# What an official wrote as a title may name somebody: outside, a letter is a letter.
_A_LETTER = message("Letter")


@dataclass(frozen=True)
class Verified:
    """What everybody may know of a document."""

    code: str
    number: str
    title: str
    office: str
    issued_at: datetime
    state: State
    ended_at: datetime | None
    sha256: str


def by_code(session: Session, code: str, language: Language) -> Verified:
    """The document with this code, however its signs were grouped. Raises NotFound."""
    signs = re.sub(r"[\s\-‐−ー]", "", code[:100]).upper().translate(_MISREAD)
    grouped = "-".join(signs[start : start + 4] for start in range(0, 16, 4))
    found = _found(session, col(Document.code) == grouped, language) if _CODE.fullmatch(signs) else None
    if found is None:
        raise NotFound("No document has this code. Compare it with the one at the foot of the document")
    return found


def by_sha256(session: Session, sha256: str, language: Language) -> Verified | None:
    """The document whose bytes have this hash, if one was issued."""
    return _found(session, col(Document.sha256) == sha256, language)


def _found(session: Session, which: ColumnElement[bool], language: Language) -> Verified | None:
    """Whoever asks has no duty for the case: the house tells him what everybody may know."""
    query = select(Document, Case).join(Case, col(Case.id) == Document.case_id).where(which, col(Document.made_at).is_not(None))
    with acts_as_house(session):
        found = session.exec(query).first()
        return _told(session, *found, language) if found else None


def sha256_of(file: IO[bytes]) -> str:
    """The hash of a file's bytes; the file is not kept."""
    digest = hashlib.sha256()
    while piece := file.read(CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def read_sha256(written: str) -> str:
    """A hash as people paste it. Raises Invalid."""
    bare = re.sub(r"[\s:]", "", written[:200]).lower()
    if not _SHA256.fullmatch(bare):
        wrong = FieldError("/sha256", "Write the 64 digits (0–9, a–f) of a SHA-256")
        raise Invalid("Some entries need mending", errors=[wrong])
    return bare


def _told(session: Session, document: Document, case: Case, language: Language) -> Verified:
    procedure = version(session, ProcedureRef(id=case.procedure_id, version=case.procedure_version))
    rules = [one for one in procedure.review.documents if one.title.ja == document.title]
    known = document.template != LETTER and rules
    title = rules[0].title.within(language) if known else translate(_A_LETTER, language)
    return Verified(
        code=document.code or "",
        number=document.number,
        title=title,
        office=(document.data or {}).get("issuer") or procedure.office(case.group).title.ja,
        issued_at=document.issued_at,
        state=document.state,
        ended_at=document.ended_at,
        sha256=document.sha256 or "",
    )
