"""A well-formed request for every act at the desk: whoever adds an act to MOVES adds one here, and the matrix walks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.workdays import today

# Where a case stands in its procedure: in the only stage, in the first, one between with marks, in the last; in the last with so
# small an amount that 専決 lets a section chief decide.
POSITIONS = ("only", "first", "middle", "last", "last-small")
SOON = (today() + timedelta(days=9)).isoformat()
MARKS = {"productivity": 4, "feasibility": 4, "costs_fit": 4}


@dataclass(frozen=True)
class Sample:
    """A request; `{opinion}` and the like stand for what the case has. `but` are the positions in which what the act itself asks
    for is not there, with the answer. `setting` makes ready, as SQL about `:case` and `:caller`, what only this act needs.
    """

    method: str
    path: str
    body: dict[str, Any] | None = field(default_factory=dict)
    but: Mapping[str, int] = field(default_factory=dict)
    setting: str = ""


_JUDGEMENTS = {"judgements": [{"criterion": "papers", "verdict": "met", "note": "確認した", "evidence": "申請書"}]}
_APPROVAL = Sample("POST", "/approval", {"proposal": 1}, but={"first": 409, "middle": 409})
_BOTH_MARKED = """
insert into review.score_sheet (case_id, stage, account_id, name, marks, notes, revision, at)
select :case, 'assessment', gen_random_uuid(), 'x', '{"productivity": 3, "feasibility": 3, "costs_fit": 3}', '{}', 1, now()
from generate_series(1, 2)
"""
_MINE = 'update review."case" set official_id = :caller where id = :case'
_NOTE = """
insert into review.note (id, case_id, author_id, author, text, at, version) values (:opinion, :case, :caller, '', 'x', now(), 0)
"""
_ISSUED = """
insert into review.document (id, case_id, number, title, text, issued_at, issued_by, issued_by_name, made_at, version)
values (:opinion, :case, 'M1', '通知', '本文', now(), :caller, '', now(), 1)
"""
_ITEM = {"pointer": "/title", "says": "確かめてください。"}

SAMPLES: dict[str, Sample] = {
    "judge": Sample("PUT", "/judgements", _JUDGEMENTS, {"only": 422, "middle": 409, "last": 422, "last-small": 422}),
    "score": Sample("PUT", "/marks", {"marks": MARKS}, {"only": 409, "first": 409, "last": 409, "last-small": 409}),
    "propose": Sample("PUT", "/proposal", {"decision": "approve"}, {"only": 409, "last": 409, "last-small": 409}),
    "comment": Sample("POST", "/proposal/comments", {"text": "確認した"}, {"only": 409}),
    "pass": Sample("POST", "/pass", {}, {"only": 409, "last": 409, "last-small": 409}, _BOTH_MARKED),
    "send-back": Sample("POST", "/return", {"to": "reception", "note": "再考"}, {"only": 409, "first": 409}),
    "decide": _APPROVAL,
    "ask-correction": Sample("POST", "/corrections", {"items": [_ITEM]}),
    "extend-correction": Sample("POST", "/correction/extension", {"due_on": SOON}),
    "close-correction": Sample("POST", "/correction/closing", {"note": "このまま進めます。"}),
    "write-message": Sample("POST", "/messages", {"text": "ご連絡します。"}),
    "ask-opinion": Sample(
        "POST",
        "/opinions",
        {"to": {"name": "専門家", "email": "expert@example.com"}, "question": "いかがですか。", "due_on": SOON},
    ),
    "withdraw-opinion": Sample("POST", "/opinions/{opinion}/withdrawal"),
    "edit-entry": Sample("POST", "/edits", {"answers": {"title": "省エネ設備の導入"}, "reason": "誤記"}, {"only": 422}),
    "write-note": Sample("POST", "/notes", {"text": "電話で確かめた。"}),
    "edit-note": Sample("PUT", "/notes/{opinion}", {"text": "訪ねて確かめた。"}, setting=_NOTE),
    "delete-note": Sample("DELETE", "/notes/{opinion}", None, setting=_NOTE),
    "take": Sample("POST", "/assignment/take", None),
    "release": Sample("POST", "/assignment/release", {}, setting=_MINE),
    "reassign": Sample("POST", "/assignment", {}),
    "declare-conflict": Sample("POST", "/conflicts", {"official": "{earlier}", "reason": "親族のため"}),
    "preview-document": Sample("POST", "/documents/preview", {"document": {"title": "通知", "text": "本文"}}),
    "reissue-document": Sample("POST", "/documents/{opinion}/reissue", {"reason": "汚損"}, setting=_ISSUED),
    "revoke-document": Sample("POST", "/documents/{opinion}/revocation", {"reason": "誤り"}, setting=_ISSUED),
    "send-document": Sample("POST", "/documents/{opinion}/paper", None, setting=_ISSUED),
}

_ONLY = {
    "decide": Sample("POST", "/decision", {"decision": "approve"}),
    "ask-correction": Sample("POST", "/corrections", {"items": [_ITEM | {"pointer": "/fee"}]}),
}


def sample(action: str, position: str) -> Sample:
    """The request for an act. A case of one stage is decided at once, the others by approving what is proposed."""
    return _ONLY.get(action, SAMPLES[action]) if position == "only" else SAMPLES[action]
