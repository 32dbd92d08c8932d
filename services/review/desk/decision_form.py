"""The form of a decision, the same whether it is proposed or made: reading what was entered, and showing it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request

from services.review.documents.documents import TEXT_LIMIT, Written
from services.review.models import Case, Proposal
from services.review.stages import lawful
from services.review.stages.lawful import Proposed
from shared.i18n import Language, message, translate
from shared.problems import FieldError, Invalid, Problem
from shared.procedure.model import Procedure
from shared.procedure.reviewing import Decision

CHOICES: dict[Decision, str] = {
    "approve": message("Approve"),
    "approve-in-part": message("Approve in part"),
    "refuse": message("Refuse"),
    "accept": message("Accept the notification"),
}
_MOST_FIELDS = 200


@dataclass(frozen=True)
class Entered:
    """A form as it was entered: texts by name, and the criteria that were ticked."""

    texts: Mapping[str, str] = field(default_factory=dict)
    criteria: Sequence[str] = ()

    def text(self, name: str) -> str:
        """What was entered there."""
        return self.texts.get(name, "")

    def revision(self) -> int | None:
        """The contents that the form was made for."""
        return self.number("revision")

    def number(self, name: str) -> int | None:
        """A whole number. Raises Invalid for another text."""
        written = self.text(name).strip().replace(",", "")
        if not written:
            return None
        if not written.isascii() or not written.isdigit() or len(written) > 15:  # noqa: PLR2004 - below 10**15
            raise Invalid("Some entries need mending", errors=[FieldError(f"/{name}", "Write a whole number")])
        return int(written)

    def proposed(self, procedure: Procedure) -> Proposed:
        """The decision that was entered. Raises Invalid."""
        if self.text("decision") not in procedure.review.decisions:
            raise Invalid("Some entries need mending", errors=[FieldError("/decision", "Choose a decision")])
        document = Written(self.text("document_title"), self.text("document_text"))
        conditions = [one.strip() for one in self.text("conditions").splitlines() if one.strip()]
        approves = self.text("decision") in lawful.APPROVING
        return Proposed(
            decision=self.text("decision"),
            reasons=self.text("reasons"),
            amount=self.number("amount") if approves else None,
            # the form offers conditions beside every decision: with another one they are not meant
            conditions=conditions if approves else (),
            criteria=self.criteria,
            document=document if document.title.strip() or document.text.strip() else None,
        )


async def _posted(request: Request) -> Entered:
    posted = await request.form(max_fields=_MOST_FIELDS, max_files=0)
    texts = {name: text.replace("\r\n", "\n") for name, text in posted.multi_items() if isinstance(text, str)}
    return Entered(texts, [str(one) for one in posted.getlist("criteria")])


Posted = Annotated[Entered, Depends(_posted)]


def as_entered(proposal: Proposal) -> Entered:
    """A proposal as the form that would make it again."""
    document = proposal.document or {}
    return Entered(
        {
            "decision": proposal.decision,
            "reasons": proposal.reasons,
            "amount": "" if proposal.amount is None else str(proposal.amount),
            "conditions": "\n".join(proposal.conditions),
            "document_title": document.get("title", ""),
            "document_text": document.get("text", ""),
        },
        proposal.criteria,
    )


def decision_form(  # noqa: PLR0917 - what the form shows
    procedure: Procedure,
    case: Case,
    language: Language,
    entered: Entered | None,
    problem: Problem | None,
    prepared: Proposed | None = None,
) -> dict[str, Any]:
    """What the template of the form needs. What is `prepared` stands in it as long as nothing was entered."""
    review = procedure.review
    errors = {one.pointer: translate(one.detail, language, **one.values) for one in problem.errors} if problem else {}
    standard = "\n".join(one.within("ja") for one in review.conditions)
    given = {"decision": prepared.decision, "reasons": prepared.reasons} if prepared else {}
    is_prepared = bool(prepared) and entered is None
    entered = entered or Entered({"conditions": standard, **given})
    anchors = {
        "/decision": f"decision-{review.decisions[0]}",
        "/criteria": "criteria",
        **{f"/criteria/{number}": "criteria" for number in range(len(entered.criteria))},
        "/document/title": "document-title",
        "/document/text": "document-text",
    }
    return {
        "entered": entered,
        "prepared": is_prepared,
        "errors": errors,
        "wrong_criteria": next((text for pointer, text in errors.items() if pointer.startswith("/criteria")), ""),
        "summary": [(anchors.get(pointer, pointer.split("/")[1] if pointer else ""), text) for pointer, text in errors.items()],
        "choices": [(value, CHOICES[value]) for value in review.decisions],
        "makes": [rule.title.within(language) for rule in review.documents],
        "may_refuse": "refuse" in review.decisions,
        "may_approve": bool(lawful.APPROVING & set(review.decisions)),
        "applied": case.answers.get(review.amount) if review.amount else None,
        "criteria": [(one.key, one.title.within(language)) for one in review.criteria()],
        "limits": {"reasons": lawful.REASONS_LIMIT, "document": TEXT_LIMIT, "conditions": lawful.MOST_CONDITIONS},
    }
