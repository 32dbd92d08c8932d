"""Signatures of documents: PAdES (ETSI EN 319 142-1), baseline B, or B-T with a timestamp authority.

The key lies in a PKCS#12 file or in a token that is reached by PKCS#11. Needs the extra `signing` (pyHanko).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.review.settings import Settings

if TYPE_CHECKING:
    from pyhanko.sign.signers import Signer

FIELD = "Signature"
TSA_SECONDS = 10


class Unsigned(Exception):
    """The document could not be signed: the token, or the timestamp authority, does not answer. It is tried again."""


@dataclass(frozen=True)
class Signing:
    """With what documents are signed."""

    settings: Settings
    from_file: Any = None  # pyHanko's signer, where the key lies in a file

    @contextmanager
    def signer(self) -> Iterator[Signer]:
        """The key, ready to sign. A token is opened for each document: its sessions do not outlive a fork."""
        if self.from_file is not None:
            yield self.from_file
            return
        from pyhanko.config.pkcs11 import TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

        said = self.settings
        label = said.signing_pkcs11_label
        with open_pkcs11_session(
            said.signing_pkcs11_module,
            slot_no=said.signing_pkcs11_slot,
            token_criteria=TokenCriteria(label=said.signing_pkcs11_token) if said.signing_pkcs11_token else None,
            user_pin=said.signing_pkcs11_pin.get_secret_value() or None,
        ) as session:
            yield PKCS11Signer(session, cert_label=label, key_label=label, ca_chain=_certificates(said.signing_roots))


def signing_of(settings: Settings) -> Signing | None:
    """With what documents are signed, None where they are not. Raises SystemExit for a key that does not open."""
    if settings.signing_pkcs11_module:
        _need_pyhanko()
        return Signing(settings)
    if not settings.signing_pkcs12:
        return None
    _need_pyhanko()
    from pyhanko.sign.signers import SimpleSigner

    signer = SimpleSigner.load_pkcs12(  # type: ignore[no-untyped-call] # pyHanko leaves some of it untyped
        settings.signing_pkcs12,
        ca_chain_files=[settings.signing_roots] if settings.signing_roots else None,
        passphrase=settings.signing_passphrase.get_secret_value().encode() or None,
    )
    if signer is None:
        raise SystemExit("MADOGUCHI_REVIEW_SIGNING_PKCS12 does not open: is it a PKCS#12 file, and is the passphrase its own?")
    return Signing(settings, signer)


def _need_pyhanko() -> None:
    try:
        import pyhanko.sign  # noqa: F401 - only whether it is there
    except ImportError:
        raise SystemExit(
            "To sign documents install Madoguchi with its extra `signing` (pip install madoguchi[signing])"
        ) from None


def _certificates(path: str) -> list[Any]:
    from pyhanko.keys import load_certs_from_pemder

    return list(load_certs_from_pemder([path])) if path else []  # type: ignore[no-untyped-call] # as above


def signed(pdf: bytes, signing: Signing, reason: str) -> bytes:
    """The document with an invisible signature that covers all of it, and allows no change after it. Raises Unsigned."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.timestamps import HTTPTimeStamper

    about = PdfSignatureMetadata(
        field_name=FIELD,
        reason=reason,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    tsa = signing.settings.signing_tsa
    stamper = HTTPTimeStamper(tsa, timeout=TSA_SECONDS) if tsa else None
    made = io.BytesIO()
    try:
        with signing.signer() as signer:
            PdfSigner(about, signer=signer, timestamper=stamper).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=made)
    except Exception as error:  # whatever a token's driver raises: the document waits, and nothing goes out unsigned
        raise Unsigned(f"{type(error).__name__}: {error}"[:300]) from error
    return made.getvalue()
