"""Helpers of `madoguchi procedure`: what differs between two procedures, a skeleton to begin with, the language's own schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shared.procedure.model import Procedure

SCHEMA_FILE = "docs/procedure-language.schema.json"

SKELETON = """\
# yaml-language-server: $schema=../docs/procedure-language.schema.json
# 手続の定義。書き方は docs/procedures.md を見てください。確かめるには: madoguchi procedure lint {file}
procedure: {name}                      # ファイル名と同じ英小文字
title: {{ja: 手続の名称, en: Title of the procedure}}
law: {{ja: 根拠法令と条文, en: Law and article}}
owner: {{ja: 担当課室, en: Division in charge}}
applicants: [corporation]              # corporation, sole-proprietor, association, ministry
sign-in: any                           # 又は entry（GビズIDなら種類を問わない）, prime（確認済みの組織だけ）
open: always                           # 又は {{from: 2027-04-01T09:00, to: 2027-05-31T17:00}}
standard-period: 20 working days       # 標準処理期間
summary: {{ja: 何のための手続か, en: What it is for}}
keywords: []                           # 探すときに使われる言葉 [{{ja: 補助金, en: subsidy}}]
documents:                             # 用意するもの
  - {{title: {{ja: 見積書, en: Quotation}}, needed: {{ja: 経費があるとき, en: Where there are costs}}}}
takes: 30 minutes                      # 記入にかかる時間
deadline: {{ja: 事業を始める前, en: Before it begins}}
fee: {{ja: 無料, en: Free}}
decides: {{ja: 経済産業大臣, en: 'Minister of Economy, Trade and Industry'}}

form:
  - page: {{ja: 申請者, en: Applicant}}
    fields:
      - {{key: name, type: organisation-name, label: {{ja: 名称, en: Name}}, required: true}}
      - {{key: address, type: address, label: {{ja: 所在地, en: Address}}, required: true}}
  - page: {{ja: 内容, en: Content}}
    fields:
      - {{key: begins, type: date, label: {{ja: 開始日, en: Begins on}}, required: true}}
      # 繰り返し。as: table なら表として示す
      - key: costs
        type: group
        as: table
        label: {{ja: 経費, en: Costs}}
        repeat: 1..20
        fields:
          - {{key: item, type: text, label: {{ja: 費目, en: Item}}, required: true}}
          - {{key: amount, type: money, label: {{ja: 金額（円）, en: Amount (yen)}}, required: true}}
      # 計算する項目。申請者は書かない
      - {{key: total, type: money, label: {{ja: 合計（円）, en: Total (yen)}}, value: 'sum(costs.map(c, c.amount))'}}
      # 条件によって聞く項目
      - key: reason
        type: long-text
        label: {{ja: 高額の理由, en: Why so much}}
        show: 'total > 1000000'
        required: 'total > 1000000'

checks:
  # when が成り立つときに says を示す。error は差し戻し、warning は知らせるだけ
  - {{when: 'begins < today', at: begins, says: {{ja: 開始日が過ぎています。, en: This day has passed.}}}}

review:
  route:                               # 上から順に、最初に合うところへ
    - {{to-office-of: address.prefecture}}
  decisions: [approve, refuse]         # 届出は [accept]
  appeal:                              # 拒否があるときは教示が必要
    ja: この処分を知った日の翌日から起算して3か月以内に、経済産業大臣に対して審査請求をすることができます。
    en: You may appeal to the Minister within three months from the day after you learned of this decision.

retention:                             # 保存期間。年は、終わった年度の翌年度の4月1日から数える
  drafts: 90 days
  returned: 180 days
  withdrawn: 1 year
  decided: 5 years                     # 許認可等は、効力がなくなる日から5年（公文書管理法施行令別表）
  mails: 180 days
  then: anonymise                      # 又は delete
"""


def language_schema() -> str:
    """The JSON Schema of the procedure language, as it is published. `offices` come from their own file."""
    schema = Procedure.model_json_schema(by_alias=True)
    schema["properties"].pop("offices")
    schema["required"].remove("offices")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A procedure of Madoguchi",
        "description": "One file says everything that is special about a procedure.",
    }
    return json.dumps(_either(schema), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _either(part: Any) -> Any:
    """Texts, repeats and periods may also be written short, as one string."""
    if isinstance(part, list):
        return [_either(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("$ref") in {f"#/$defs/{name}" for name in ("Text", "Repeat", "Period", "Takes", "Term")}:
        more = {key: value for key, value in part.items() if key != "$ref"}
        return {"anyOf": [{"$ref": part["$ref"]}, {"type": "string", "minLength": 1}], **more}
    return {key: _either(value) for key, value in part.items()}


def differences(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """What differs between two definitions, one line each: `-` gone, `+` new, `~` changed. Fields are met by their keys."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            inner = f"{place}.{key}" if place else str(key)
            if key not in new:
                yield f"- {inner}: {_short(old[key])}"
            elif key not in old:
                yield f"+ {inner}: {_short(new[key])}"
            else:
                yield from differences(old[key], new[key], inner)
    elif isinstance(old, list) and isinstance(new, list):
        yield from differences(_by_key(old), _by_key(new), place)
    elif old != new:
        yield f"~ {place}: {_short(old)} → {_short(new)}"


def _by_key(parts: list[Any]) -> dict[str, Any]:
    return {_name(part, number): part for number, part in enumerate(parts, 1)}


def _name(part: Any, number: int) -> str:
    if isinstance(part, dict):
        for key in ("key", "value"):
            if part.get(key) and isinstance(part[key], str):
                return str(part[key])
        if "page" in part:
            return str(part["page"]["ja"])
    return str(part) if isinstance(part, str) else str(number)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:99] + "…"  # noqa: PLR2004 - a line of a terminal
