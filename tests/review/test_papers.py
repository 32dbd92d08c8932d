"""Setting documents: what people wrote stays text, templates have their limits, signatures hold."""

from __future__ import annotations

import io
import re
import subprocess
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from services.review.documents import papers
from services.review.documents.signing import Signing, Unsigned, signed, signing_of
from services.review.documents.typesetting import Unset, set_pdf
from services.review.settings import Settings
from shared.procedure.files import procedure_files, read
from shared.settings import SettingsError, load
from shared.typesetting import typesetting
from tests.site import PROCEDURES, Site, example

AT = datetime(2026, 11, 25, 3, tzinfo=UTC)
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
CODE = "0123-4567-89AB-CDEF"
# Pieces that mean something to Typst, in marks, in code, in mathematics and in links.
MARKS = [
    "#",
    "{",
    "}",
    "[",
    "]",
    "*",
    "_",
    "`",
    "```",
    "$",
    "@",
    "~",
    "\\",
    '"',
    "//",
    "/*",
    "*/",
    "--",
    "...",
    "<a>",
    "$x^2$",
    "#panic()",
    "#doc.code",
    "https://a.example/",
]
LINES = ["= ", "- ", "+ ", "/ ", "\n", "\n\n", '#import "/frame.typ"', '#read("/etc/passwd")']
SYNTAX = st.sampled_from(MARKS + LINES)
ANYTHING = st.lists(SYNTAX | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8), max_size=12).map("".join)


def a_case(**answers: Any) -> Any:
    return SimpleNamespace(
        arrived_at=AT,
        answers=example("koen-meigi")["answers"] | answers,
        applicant={"name": "株式会社窓口電機"},
        arrival_number="A20261125-0000001",
        group="public-relations",
    )


def made(case: Any, reasons: str, *, text: str = "") -> bytes:
    procedure = read(PROCEDURES / "koen-meigi.yaml")
    rule = procedure.review.document_on("refuse")
    assert rule is not None
    said = papers.said(case, procedure, rule, papers.Ruling("refuse", reasons), text)
    doc, images = papers.complete(said, number="後援第1号", at=AT, code=CODE, base_url="https://example.go.jp")
    return set_pdf(rule.template, procedure.review.templates, doc, images, AT)


def says(pdf: bytes) -> str:
    """All its text, without blanks and what only says where a line may break."""
    return re.sub(r"[\s\u200b]", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


@given(event=ANYTHING, reasons=ANYTHING)
@settings(max_examples=12, deadline=None)
def test_whatever_people_write_stays_text(event: str, reasons: str) -> None:
    case = a_case(event=event or "x")
    case.applicant = {"name": event or "x"}
    text = says(made(case, reasons))
    for written in (event, reasons):
        assert re.sub(r"\s", "", written) in text


def test_the_same_document_has_the_same_bytes() -> None:
    assert made(a_case(), "理由") == made(a_case(), "理由")


def test_what_cannot_be_shown_is_marked_and_what_is_no_sign_is_left_out() -> None:
    case = a_case(event="祭り😀ไ\ue000")
    case.applicant = {"name": "株式会社𠮷葛\U000e0100한①مرحبا"}
    text = says(made(case, "理\x00由\x1bで\ufffeあ\ud800る\u202e"))
    for one in ("理由である", "祭り〓〓〓", "株式会社𠮷葛", "한①〓〓〓〓〓様"):
        assert one in text, one


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("#for a in range(9999) { for b in range(9999) { str(a + b) } }", "too long"),
        ('#read("/etc/passwd")', "passwd"),
        ('#read("../../../etc/passwd")', "passwd|outside|escape"),
        ('#import "@preview/cetz:0.3.0"', "no template @preview"),
        ("#let a = range(100000000).map(i => str(i))", "ended with|memory|panicked|long"),
        ("#doc.nothing", "nothing"),
    ],
)
def test_a_template_reaches_nothing_and_ends_in_time(source: str, cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "SECONDS", 4.0)
    with pytest.raises(Unset, match=cause):
        set_pdf("bad", {"bad": '#import "frame.typ": *\n' + source}, {"filled": {}}, {}, AT)


# ---- signatures


def _usage() -> x509.KeyUsage:
    others = (
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(digital_signature=True, content_commitment=True, **dict.fromkeys(others, False))


def a_key(folder: Path, name: str = "office", *, stamps: bool = False) -> tuple[Path, bytes]:
    """A PKCS#12 file with a new key and its own certificate, which is the root too; the certificate as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
    )
    if stamps:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    certificate = made.sign(key, hashes.SHA256())
    file = folder / f"{name}.p12"
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(
            name.encode(), key, certificate, None, serialization.BestAvailableEncryption(b"secret")
        )
    )
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / f"{name}.pem").write_bytes(pem)
    return file, pem


def signing(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Signing | None:
    for name, value in variables.items():
        monkeypatch.setenv(f"MADOGUCHI_REVIEW_{name.upper()}", value)
    return signing_of(load(Settings))


def looked_at(pdf: bytes, *roots: Path) -> Any:
    trusted = [load_cert_from_pemder(str(root)) for root in roots]  # type: ignore[no-untyped-call] # pyHanko leaves some of it untyped
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    context = ValidationContext(trust_roots=trusted, allow_fetching=False)
    return validate_pdf_signature(signature, context, context)


def test_a_signature_holds_and_a_change_shows(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert site
    file, _ = a_key(tmp_path)
    with_key = signing(monkeypatch, signing_pkcs12=str(file), signing_passphrase="secret")
    assert with_key is not None
    pdf = signed(made(a_case(), "理由"), with_key, "承認書")
    found = looked_at(pdf, tmp_path / "office.pem")
    assert (found.bottom_line, found.intact, found.valid, found.trusted) == (True, True, True, True)
    assert "ENTIRE_FILE" in str(found.coverage)
    assert says(pdf).startswith("後援第1号")
    at = pdf.index(b"/MediaBox")
    broken = pdf[: at + 10] + bytes([pdf[at + 10] ^ 1]) + pdf[at + 11 :]
    assert not looked_at(broken, tmp_path / "office.pem").intact


def test_with_a_timestamp_authority_it_has_a_timestamp_and_without_its_answer_nothing_goes_out(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site
    file, _ = a_key(tmp_path)
    a_key(tmp_path, "tsa", stamps=True)
    stamper = DummyTimeStamper(
        tsa_cert=load_cert_from_pemder(str(tmp_path / "tsa.pem")),  # type: ignore[no-untyped-call] # as above
        tsa_key=asn1_keys.PrivateKeyInfo.load((tmp_path / "tsa.key").read_bytes()),
    )

    class Authority(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["content-length"])))
            body = stamper.request_tsa_response(asked).dump()
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Authority)
    Thread(target=server.serve_forever, daemon=True).start()
    common = {"signing_pkcs12": str(file), "signing_passphrase": "secret"}
    url = f"http://127.0.0.1:{server.server_port}/"
    with_stamp = signing(monkeypatch, **common, signing_tsa=url)
    assert with_stamp is not None
    pdf = made(a_case(), "理由")
    found = looked_at(signed(pdf, with_stamp, "承認書"), tmp_path / "office.pem", tmp_path / "tsa.pem")
    assert found.bottom_line
    assert found.timestamp_validity is not None
    assert found.timestamp_validity.valid
    server.shutdown()
    server.server_close()
    with pytest.raises(Unsigned):
        signed(pdf, with_stamp, "承認書")


def test_settings_that_cannot_sign_keep_the_desk_from_starting(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site
    assert signing(monkeypatch) is None
    file, _ = a_key(tmp_path)
    with pytest.raises(SystemExit, match="does not open"):
        signing(monkeypatch, signing_pkcs12=str(file), signing_passphrase="wrong")
    with pytest.raises(SettingsError, match="not with both"):
        signing(monkeypatch, signing_pkcs11_module="/usr/lib/softhsm/libsofthsm2.so")
    monkeypatch.delenv("MADOGUCHI_REVIEW_SIGNING_PKCS12")
    with pytest.raises(SettingsError, match="label"):
        signing(monkeypatch, signing_pkcs11_module="/usr/lib/softhsm/libsofthsm2.so")
    token = signing(monkeypatch, signing_pkcs11_token="office", signing_pkcs11_label="seal")
    assert token is not None
    monkeypatch.setenv("MADOGUCHI_REVIEW_SIGNING_PKCS11_MODULE", str(tmp_path / "no-such-module.so"))
    with pytest.raises(Unsigned):
        signed(made(a_case(), "理由"), Signing(load(Settings)), "承認書")


SHIPPED = [
    (path.stem, decision) for path in procedure_files(PROCEDURES) for rule in read(path).review.documents for decision in rule.on
]


@pytest.mark.parametrize(("name", "decision"), SHIPPED)
def test_every_shipped_document_can_be_set_and_says_what_was_decided(name: str, decision: str) -> None:
    procedure = read(PROCEDURES / f"{name}.yaml")
    rule = procedure.review.document_on(decision)
    assert rule is not None
    case = a_case()
    case.answers, case.group = example(name)["answers"], procedure.offices[0].key
    cited = [one.key for one in procedure.review.criteria()][:1]
    granted = 4_000_000 if decision == "approve-in-part" else None
    ruling = papers.Ruling(decision, "理由である。", granted, papers.listed(["条件の一", "条件の二"]), cited)
    said = papers.said(case, procedure, rule, ruling, "補足である。")
    doc, images = papers.complete(said, number="第12号", at=AT, code=CODE, base_url="https://example.go.jp")
    pdf = set_pdf(rule.template, procedure.review.templates, doc, images, AT)
    text = says(pdf)
    wanted = ["第12号", "令和8年11月25日", rule.title.ja, "株式会社窓口電機様", CODE, "補足である。"]
    wanted += ["条件の一", "条件の二"] if decision.startswith("approve") else []
    wanted += ["4,000,000円", "申請に係る額を変更して"] if granted else []
    adverse = decision in papers.ADVERSE
    wanted += ["理由である。", procedure.review.appeal.ja if procedure.review.appeal else ""] if adverse else []
    wanted += [procedure.review.criteria()[0].title.ja] if cited and decision == "refuse" else []
    for one in wanted:
        assert "".join(one.split()) in text, one
    assert ("教示" in text) is adverse


@pytest.mark.skipif(not SOFTHSM.exists(), reason="needs a token in software (apt-get install softhsm2)")
def test_a_key_in_a_token_signs(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pkcs11
    from pkcs11.util.x509 import decode_x509_certificate

    assert site
    a_key(tmp_path)
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    key = serialization.load_der_private_key((tmp_path / "office.key").read_bytes(), None)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "office.key.pem").write_bytes(pem)
    util = ["softhsm2-util", "--pin", "1234", "--label"]
    subprocess.run([*util, "office", "--init-token", "--free", "--so-pin", "1234"], check=True, capture_output=True)
    imported = ["seal", "--import", str(tmp_path / "office.key.pem"), "--token", "office", "--id", "A1"]
    subprocess.run([*util, *imported], check=True, capture_output=True)
    certificate = x509.load_pem_x509_certificate((tmp_path / "office.pem").read_bytes())
    held = decode_x509_certificate(certificate.public_bytes(serialization.Encoding.DER))
    token = pkcs11.lib(str(SOFTHSM)).get_token(token_label="office")
    with token.open(rw=True, user_pin="1234") as session:
        session.create_object(held | {pkcs11.Attribute.LABEL: "seal", pkcs11.Attribute.ID: b"\xa1", pkcs11.Attribute.TOKEN: True})
    said = {"module": str(SOFTHSM), "token": "office", "label": "seal", "pin": "1234"}
    with_token = signing(monkeypatch, **{f"signing_pkcs11_{name}": value for name, value in said.items()})
    assert with_token is not None
    assert looked_at(signed(made(a_case(), "理由"), with_token, "承認書"), tmp_path / "office.pem").bottom_line
