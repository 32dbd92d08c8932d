"""People and organisations: names, signatures, bank accounts, what they do."""

from __future__ import annotations

from typing import Any

from shared.i18n import Language, message, translate
from shared.procedure.fields import FieldOf, SimpleType
from shared.procedure.kinds.kind import Kind, closed, line, parts

_KANA = "^[ァ-ヺーヽヾ・ 　]+$"
# what banks can write: 全銀協 takes kana, Latin capitals, digits and few signs
_HOLDER = "^[ァ-ヺー・A-Z0-9 　（）().,/-]+$"
_ACCOUNTS = {
    "ordinary": message("Ordinary account"),
    "checking": message("Checking account"),
    "savings": message("Savings account"),
}

_PERSON = closed(
    {
        "family": line("姓", 50),
        "given": line("名", 50),
        "family_kana": line("セイ", 50, _KANA),
        "given_kana": line("メイ", 50, _KANA),
    },
    "family",
    "given",
    "family_kana",
    "given_kana",
)
_BANK = closed(
    {
        "bank_code": line("金融機関コード", 4, "^[0-9]{4}$"),
        "bank": line("金融機関名", 60),
        "branch_code": line("支店コード", 3, "^[0-9]{3}$"),
        "branch": line("支店名", 60),
        "kind": {"title": "預金種別", "type": "string", "enum": list(_ACCOUNTS)},
        "number": line("口座番号", 7, "^[0-9]{7}$"),
        "holder": line("口座名義（カナ）", 60, _HOLDER),
    },
    "bank_code",
    "bank",
    "branch_code",
    "branch",
    "kind",
    "number",
    "holder",
)
# 日本標準産業分類: the division's two digits (中分類), or more of them (小分類, 細分類), with its title as the applicant gives it
_INDUSTRY = closed(
    {"code": line("分類番号", 4, "^(0[1-9]|[1-9][0-9])[0-9]{0,2}$"), "title": line("項目名", 100)}, "code", "title"
)
_SIGNATURE = closed({"role": line("役職", 100), "name": line("氏名", 100)}, "role", "name")


def _show_person(_field: FieldOf, answer: Any, _language: Language) -> str:
    return f"{answer['family']} {answer['given']}（{answer['family_kana']} {answer['given_kana']}）"


def _show_bank(_field: FieldOf, answer: Any, language: Language) -> str:
    kind = translate(_ACCOUNTS[answer["kind"]], language)
    bank = f"{answer['bank']}（{answer['bank_code']}） {answer['branch']}（{answer['branch_code']}）"
    return f"{bank} {kind} {answer['number']} {answer['holder']}"


def _show_industry(_field: FieldOf, answer: Any, _language: Language) -> str:
    return f"{answer['code']} {answer['title']}"


def _show_signature(_field: FieldOf, answer: Any, _language: Language) -> str:
    return f"{answer['role']} {answer['name']}"


KINDS: dict[SimpleType, Kind] = {
    "person": Kind(
        message("Person's name"), lambda _: _PERSON, parts("family", "given", "family_kana", "given_kana"), _show_person
    ),
    "bank-account": Kind(
        message("Bank account"),
        lambda _: _BANK,
        parts("bank_code", "bank", "branch_code", "branch", "kind", "number", "holder"),
        _show_bank,
    ),
    "industry": Kind(message("Industry"), lambda _: _INDUSTRY, parts("code", "title"), _show_industry),
    "signature": Kind(message("Signature by name and role"), lambda _: _SIGNATURE, parts("role", "name"), _show_signature),
}
