"""What a procedure's file may say. Written with hyphens in YAML, with underscores here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from shared.japanese import PREFECTURES
from shared.procedure.amiss import Amiss
from shared.procedure.fields import (
    FILLED,
    NAME,
    Expression,
    Fills,
    FormField,
    GroupField,
    Label,
    ShownField,
    SimpleField,
    Text,
    Written,
    must_differ,
)
from shared.procedure.messages import Messages
from shared.procedure.preparing import Preparing
from shared.procedure.retention import Retention
from shared.procedure.reviewing import Days, Review


class Page(Written):
    """One page of the form."""

    page: Label
    fields: list[FormField] = Field(min_length=1, max_length=100)


class Check(Written):
    """What must not be: `when` it holds, the message is shown. An error returns the application, a warning does not."""

    when: Expression
    level: Literal["error", "warning"] = "error"
    at: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,39})?$", description="the field the message stands beside")
    says: Label


class Duplicates(Written):
    """What makes an application the same as an earlier one of the same corporation, while that is in force or open."""

    keys: list[str] = Field(
        default_factory=list, max_length=10, description="fields that are the same; of several choices one in common suffices"
    )
    near: Literal["all"] | list[str] | None = Field(
        default=None, description="fields, or all, that are the same but for width, kana, blanks, marks and legal forms of names"
    )
    refuse: bool = Field(
        default=False, description="an application with the same keys is returned; otherwise applicant and official are told"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Duplicates:
        if not self.keys and not self.near:
            raise Amiss("say which fields make an application the same: `keys`, `near` or both")
        if self.refuse and not self.keys:
            raise Amiss("`refuse` needs `keys`: what is only near is for people to judge")
        for named in (self.keys, self.near if isinstance(self.near, list) else []):
            must_differ(named)
        return self


class Opening(Written):
    """When applications are taken. Times are in Japan's time."""

    from_: datetime = Field(alias="from")
    to: datetime


class Office(Written):
    """A group of officials, and the prefectures it is responsible for."""

    key: str = Field(pattern=NAME)
    title: Label
    prefectures: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known_prefectures(self) -> Office:
        if unknown := [code for code in self.prefectures if code not in PREFECTURES]:
            raise Amiss("no prefecture has the code {codes}", codes=", ".join(unknown))
        return self


def _covering(offices: list[Office]) -> list[Office]:
    must_differ([office.key for office in offices])
    must_differ([code for office in offices for code in office.prefectures])
    return offices


Offices = Annotated[list[Office], AfterValidator(_covering)]
ApplicantKind = Literal["corporation", "sole-proprietor", "association", "ministry"]
SignIn = Literal["any", "entry", "prime"]


class Procedure(Preparing):
    """A whole procedure. `offices` comes from the file offices.yaml beside it."""

    procedure: str = Field(pattern=NAME)
    title: Text
    law: Label = Field(description="the law it rests on, with the article")
    owner: Label = Field(description="the division in charge")
    applicants: list[ApplicantKind] = Field(min_length=1)
    sign_in: SignIn = Field(
        default="any",
        description="how well the applicant must be known: `entry` is any GビズID, `prime` an organisation that was verified, by "
        "GビズID (プライム, メンバー) or by an operator",
    )
    open: Literal["always"] | Opening = "always"
    standard_period: Days | None = Field(default=None, description="標準処理期間 (行政手続法6条)")
    summary: Label | None = None
    form: list[Page] = Field(min_length=1, max_length=30)
    checks: list[Check] = Field(default_factory=list, max_length=200)
    duplicates: Duplicates | None = None
    review: Review
    messages: Messages = Field(default_factory=dict, description="what is special about its messages, by their kinds")
    retention: Retention = Field(default_factory=Retention, description="how long things are kept, and what becomes of them then")
    offices: Offices

    @model_validator(mode="after")
    def _consistent(self) -> Procedure:
        keys = [field.key for field in self.fields()]
        must_differ(keys)
        for check in self.checks:
            if check.at and check.at not in keys:
                raise Amiss("a check stands at the field {key}, which the form does not have", key=check.at)
        self._within_known(keys)
        self._duplicates_known()
        self._review_fits(keys)
        return self

    def _review_fits(self, keys: list[str]) -> None:
        known = {office.key for office in self.offices}
        for route in self.review.route:
            if route.to is not None and route.to not in known:
                raise Amiss("there is no office {office}", office=route.to)
        for rule in self.review.documents:
            if unknown := sorted(set(rule.facts) - set(keys)):
                raise Amiss("a document repeats {keys}, which the form does not have", keys=", ".join(unknown))
        for key in self.review.editable:
            if key not in keys:
                raise Amiss("officials may mend the field {key}, which the form does not have", key=key)
        amount = self.review.amount
        if amount is not None and not any(field.key == amount and field.type == "money" for field in self.fields()):
            raise Amiss("the amount is the field {key}, which the form does not have as a field of the type money", key=amount)

    def _within_known(self, keys: list[str]) -> None:
        for field in self.fields():
            for one in (field, *(field.fields if isinstance(field, GroupField) else ())):
                if one.within is not None and one.within not in keys:
                    raise Amiss("{key} is to lie within {within}, which the form does not have", key=one.key, within=one.within)
                if one.fills is not None:
                    self._fillable(one.key, one.fills)

    def _fillable(self, key: str, fills: Fills) -> None:
        fields = {field.key: field for field in self.fields()}
        for name, types in FILLED.items():
            target = getattr(fills, name)
            if target and (target not in fields or fields[target].type not in types or fields[target].value is not None):
                raise Amiss(
                    "{key} fills {target} with a {name}, so the form needs it as a field of one of the types {types}",
                    key=key,
                    target=target,
                    name=name,
                    types=", ".join(types),
                )

    def _duplicates_known(self) -> None:
        if self.duplicates is None:
            return
        fields = {field.key: field for field in self.fields()}
        near = self.duplicates.near if isinstance(self.duplicates.near, list) else []
        for key in (*self.duplicates.keys, *near):
            if key not in fields:
                raise Amiss("duplicates are told by the field {key}, which the form does not have", key=key)
            if fields[key].value is not None:
                raise Amiss(
                    "duplicates are told by the field {key}, which is computed; name the fields that it comes from", key=key
                )
        if sum(fields[key].type == "choices" for key in self.duplicates.keys) > 1:
            raise Amiss("duplicates are told by two fields with several choices; name one of them")

    def fields(self) -> list[SimpleField | GroupField]:
        """The form's fields that have answers, page after page."""
        return [field for page in self.form for field in page.fields if not isinstance(field, ShownField)]

    def office(self, key: str) -> Office:
        """The office with this key."""
        return next(office for office in self.offices if office.key == key)

    def definition(self) -> dict[str, Any]:
        """The whole as JSON values, as it is published and sent to the other services."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
