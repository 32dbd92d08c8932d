"""What a procedure's file says of the review: where cases go, through which stages, by which criteria, to which decisions."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from shared.procedure.amiss import Amiss
from shared.procedure.fields import KEY, NAME, Condition, Expression, Label, Text, Written, must_differ
from shared.procedure.papers import DocumentRule, Unfetched

Decision = Literal["approve", "approve-in-part", "refuse", "accept"]
# The duties every office has. `examiner` works on cases, `approver` decides (決裁), `manager` gives them to people.
EXAMINER, APPROVER, MANAGER = "examiner", "approver", "manager"


class Period(Written):
    """A number of days, of the calendar or working days (行政機関の休日に関する法律1条)."""

    days: int = Field(ge=1, le=1000)
    working: bool = True


def _as_period(value: Any) -> Any:
    found = re.fullmatch(r"(\d+) (working )?days", value) if isinstance(value, str) else None
    if isinstance(value, str) and not found:
        raise Amiss("write `20 days` or `20 working days`")
    return {"days": int(found[1]), "working": found[2] is not None} if found else value


Days = Annotated[Period, BeforeValidator(_as_period)]


class Route(Written):
    """Where a case goes: to a named office, or to the one responsible for a prefecture. Without `when`: always."""

    when: Condition = True
    to: str | None = Field(default=None, pattern=NAME)
    to_office_of: Expression | None = None
    because: Label | None = Field(default=None, description="why, as officials read it beside the case")
    skills: list[Annotated[str, Field(pattern=NAME)]] = Field(
        default_factory=list, max_length=10, description="what the official who gets it has to know"
    )

    @model_validator(mode="after")
    def _one_target(self) -> Route:
        if (self.to is None) == (self.to_office_of is None):
            raise Amiss("say either `to` or `to-office-of`")
        return self


class Criterion(Written):
    """One criterion of the review (審査基準, 行政手続法5条)."""

    key: str = Field(pattern=KEY)
    title: Label
    law: Label | None = Field(default=None, description="where it is laid down")
    evidence: bool = Field(default=False, description="the examiner has to say what shows it")


class Scores(Written):
    """Several officials mark each criterion of the stage, none seeing the others' marks before all are given."""

    reviewers: int = Field(default=2, ge=1, le=5)
    to: int = Field(default=5, ge=1, le=100, description="the best mark; the worst is 0")


class Delegation(Written):
    """専決: in these cases an official with this duty may decide as well."""

    when: Expression = Field(description="over the answers and `amount`, which is what would be granted")
    role: str = Field(pattern=NAME)


class Stage(Written):
    """A stage of the review. In the last one it is decided (決裁); what is decided there is proposed in those before (起案)."""

    key: str = Field(pattern=NAME)
    title: Label
    role: str = Field(default=EXAMINER, pattern=NAME, description="the duty it takes to work on it")
    within: Days | None = Field(default=None, description="how long it may take")
    criteria: list[Criterion] = Field(default_factory=list, max_length=50)
    scores: Scores | None = None
    two_person: bool = Field(default=False, description="by somebody who did none of the stages before")
    delegation: list[Delegation] = Field(default_factory=list, max_length=10)
    deputy: str | None = Field(
        default=None, pattern=NAME, description="代決: the duty that may decide while everybody with `role` is absent"
    )

    @model_validator(mode="after")
    def _marks_something(self) -> Stage:
        if self.scores and not self.criteria:
            raise Amiss("`scores` mark criteria: write `criteria`")
        return self


def _one_stage() -> list[Stage]:
    return [Stage(key="review", title=Text(ja="審査", en="Review"))]


def _as_days(value: Any) -> Any:
    found = re.fullmatch(r"(\d+) days", value) if isinstance(value, str) else None
    return int(found[1]) if found else value


class Review(Written):
    """How officials work on the case."""

    route: list[Route] = Field(min_length=1, description="the first that fits")
    stages: list[Stage] = Field(default_factory=_one_stage, min_length=1, max_length=10, description="one after the other")
    criteria_version: str | None = Field(
        default=None, min_length=1, max_length=40, description="of the criteria (審査基準), such as the day they were laid down"
    )
    decisions: list[Decision] = Field(min_length=1)
    amount: str | None = Field(default=None, pattern=KEY, description="the field with the amount that is applied for")
    conditions: list[Label] = Field(
        default_factory=list, max_length=30, description="conditions that usually go with an approval"
    )
    editable: list[Annotated[str, Field(pattern=KEY)]] = Field(
        default_factory=list, max_length=100, description="fields an official may mend himself, with a reason the applicant sees"
    )
    correction_period: Annotated[int, BeforeValidator(_as_days)] = Field(
        default=14,
        ge=1,
        le=365,
        description="days an applicant has for a correction (行政手続法7条) unless the official says otherwise",
    )
    warn_before: Annotated[int | None, BeforeValidator(_as_days)] = Field(
        default=None,
        ge=1,
        le=365,
        description="days of the standard period that are left when the official is warned; a fifth of it if unsaid",
    )
    on_expiry: Literal["wait", "propose-refusal"] = Field(
        default="wait", description="when nothing was sent in by the last day; a refusal is never made by itself (行政手続法7条)"
    )
    appeal: Label | None = Field(default=None, description="教示: how to appeal against a refusal (行政不服審査法82条)")
    documents: list[DocumentRule] = Field(default_factory=list, max_length=20, description="the documents that decisions make")
    templates: dict[str, str] = Field(
        default_factory=dict, description="the templates of `documents`, taken in from their files; nobody writes it"
    )
    unfetched: Unfetched = Unfetched()

    @model_validator(mode="after")
    def _complete(self) -> Review:
        must_differ(list(self.decisions))
        if "refuse" in self.decisions and self.appeal is None:
            raise Amiss("a procedure that can refuse needs the text `appeal` (教示)")
        if self.on_expiry == "propose-refusal" and "refuse" not in self.decisions:
            raise Amiss("`on-expiry: propose-refusal` needs the decision `refuse`")
        if self.route[-1].when is not True:
            raise Amiss("the last route needs to be without `when`, or a case may go nowhere")
        return self

    @model_validator(mode="after")
    def _stages_fit(self) -> Review:
        must_differ([stage.key for stage in self.stages])
        must_differ([one.key for stage in self.stages for one in stage.criteria])
        if self.stages[0].two_person:
            raise Amiss("`two-person` means: not who did a stage before; the first stage has none before it")
        if any(stage.delegation or stage.deputy for stage in self.stages[:-1]):
            raise Amiss("`delegation` and `deputy` belong to the last stage, where it is decided")
        if any(stage.criteria for stage in self.stages) and self.criteria_version is None:
            raise Amiss("criteria need their `criteria-version`, such as the day they were laid down (行政手続法5条)")
        return self

    @model_validator(mode="after")
    def _documents_fit(self) -> Review:
        made = [decision for rule in self.documents for decision in rule.on]
        must_differ(made)
        if unknown := sorted(set(made) - set(self.decisions)):
            raise Amiss("a document is made on {decisions}, which is none of the decisions", decisions=", ".join(unknown))
        return self

    def document_on(self, decision: str) -> DocumentRule | None:
        """The document that a decision makes, if there is one."""
        return next((rule for rule in self.documents if decision in rule.on), None)

    def stage(self, key: str) -> Stage:
        """The stage with this key, or the first: a case may have begun under a version with other stages."""
        return next((stage for stage in self.stages if stage.key == key), self.stages[0])

    def position(self, key: str) -> int:
        """Where a stage stands, from 0."""
        return self.stages.index(self.stage(key))

    def is_last(self, key: str) -> bool:
        """Whether it is decided in this stage."""
        return self.stage(key) is self.stages[-1]

    def criteria(self) -> list[Criterion]:
        """The criteria of all stages, in their order."""
        return [one for stage in self.stages for one in stage.criteria]
