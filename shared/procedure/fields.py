"""The fields of a form: what each may say. Written with hyphens in YAML, with underscores here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.procedure.amiss import Amiss

KEY = r"^[a-z][a-z0-9_]{0,39}$"
NAME = r"^[a-z][a-z0-9-]{0,63}$"

Expression = Annotated[str, Field(max_length=500, description="a CEL expression over the answers")]
Condition = bool | Expression


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class Written(BaseModel):
    """A part of a procedure's file. What is not known is a mistake, not passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=_kebab, populate_by_name=True)


class Text(Written):
    """A text in both languages; Japanese is what the law's readers see, English may be left out."""

    ja: str = Field(min_length=1)
    en: str = ""

    def within(self, language: str) -> str:
        """The text in `language`, or in Japanese where it is not translated."""
        return (self.en if language == "en" else self.ja) or self.ja


def _as_text(value: Any) -> Any:
    return {"ja": value} if isinstance(value, str) else value


Label = Annotated[Text, BeforeValidator(_as_text)]


def must_differ(keys: list[str]) -> None:
    """Raises Amiss when a key is written twice."""
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise Amiss("written twice: {keys}", keys=", ".join(twice))


class Option(Written):
    """One answer to choose. `value` is what is filed."""

    value: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    label: Label


class Repeat(Written):
    """How often a group may be filled in."""

    least: int = Field(ge=0)
    most: int = Field(ge=1, le=100)


def _as_repeat(value: Any) -> Any:
    found = re.fullmatch(r"(\d+)\.\.(\d+)", value) if isinstance(value, str) else None
    if isinstance(value, str) and not found:
        raise Amiss("write `0..5` or `1..20`")
    return {"least": int(found[1]), "most": int(found[2])} if found else value


SimpleType = Literal[
    "text",
    "long-text",
    "organisation-name",
    "email",
    "telephone",
    "url",
    "corporate-number",
    "reference",
    "integer",
    "decimal",
    "money",
    "percent",
    "rate",
    "fiscal-year",
    "date",
    "birth-date",
    "month",
    "time",
    "date-range",
    "choice",
    "choices",
    "yes-no",
    "consent",
    "postal-code",
    "prefecture",
    "municipality",
    "address",
    "map-point",
    "person",
    "bank-account",
    "industry",
    "signature",
    "attachment",
    "attachments",
]
FileTypeName = Literal["pdf", "docx", "xlsx", "pptx", "jpeg", "png", "csv", "txt", "zip"]
# How a field may look, where there is a choice; the first is how it looks when nothing is said.
LOOKS: dict[str, tuple[str, ...]] = {
    "choice": ("radio", "select", "search"),
    "date": ("calendar", "wareki"),
    "birth-date": ("calendar", "wareki"),
    "group": ("rows", "table"),
}
# Types whose answers are files.
FILES = frozenset({"attachment", "attachments"})
# Types whose answers tell of a person, whatever the procedure.
PERSONAL = frozenset({"email", "telephone", "person", "birth-date", "bank-account"})
# What a rule can compute.
COMPUTABLE = frozenset({"text", "integer", "decimal", "money", "percent", "date", "yes-no"})


class Fills(Written):
    """The fields that are filled with what is found for this one; the applicant changes them as he likes."""

    name: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,39})?$", description="a text: the corporation's name")
    prefecture: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,39})?$", description="a field of the type prefecture")
    address: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,39})?$", description="an address, or a text for city and town")


# What the fields that a lookup fills may be.
FILLED: dict[str, tuple[str, ...]] = {
    "name": ("text", "organisation-name"),
    "prefecture": ("prefecture",),
    "address": ("address", "text"),
}


class FieldOf(Written):
    """What every field has."""

    key: str = Field(pattern=KEY)
    label: Label
    help: Label | None = None
    required: Condition = False
    show: Condition = True
    enable: Condition = Field(default=True, description="while it does not hold, the field is shown but takes no answer")
    keep: bool = Field(
        default=False, description="an answer counts also while `show` or `enable` does not hold; otherwise it is not filed"
    )
    max: int | None = Field(default=None, ge=1, le=10**15, description="most characters of a text, largest number")
    min: int | None = Field(default=None, ge=-(10**15), le=10**15, description="smallest number; 0 when nothing is said")
    digits: int | None = Field(
        default=None, ge=0, le=6, description="decimal places of decimal and percent; 2 when nothing is said"
    )
    as_: Literal["radio", "select", "search", "calendar", "wareki", "rows", "table"] | None = Field(
        default=None, alias="as", description="how it looks: choice, date, birth-date and group have a choice"
    )
    value: Expression | None = Field(default=None, description="computes the answer; nobody enters it")
    personal: bool = Field(
        default=False,
        description="it tells of a person: cases are found by the whole of it, and by no part. For the types "
        + ", ".join(sorted(PERSONAL))
        + " that is so anyway",
    )
    within: str | None = Field(
        default=None, pattern=KEY, description="the field with the prefecture in which a municipality has to lie"
    )
    fills: Fills | None = Field(default=None, description="what a corporate-number or postal-code is looked up for")
    options: list[Option] = Field(default_factory=list, max_length=1000)
    types: list[FileTypeName] = Field(
        default_factory=list, description="of files that can be attached; all that are taken when nothing is said"
    )
    max_size: int | None = Field(
        default=None, ge=1, le=50, description="largest size of an attached file in MB; 20 when not said"
    )
    most: int | None = Field(default=None, ge=1, le=50, description="most files of `attachments`; 10 when nothing is said")

    @model_validator(mode="after")
    def _fits_its_type(self) -> FieldOf:
        kind = getattr(self, "type", "")
        if (kind in {"choice", "choices"}) != bool(self.options):
            raise Amiss("options belong to the types choice and choices, and these need some")
        if (kind not in FILES and (self.types or self.max_size)) or (kind != "attachments" and self.most):
            raise Amiss("types and max-size belong to attachment and attachments, most to attachments")
        values = [option.value for option in self.options]
        if len(set(values)) != len(values):
            raise Amiss("two options have the same value")
        if self.as_ is not None and self.as_ not in LOOKS.get(kind, ()):
            raise Amiss("the type {type} does not look like {look}", type=kind, look=self.as_)
        if self.fills is not None and kind not in {"corporate-number", "postal-code"}:
            raise Amiss("fills belongs to the types corporate-number and postal-code; an address looks itself up")
        if self.value is not None and kind not in COMPUTABLE:
            raise Amiss("the type {type} cannot be computed; {types} can", type=kind, types=", ".join(sorted(COMPUTABLE)))
        if self.value is not None and self.required is not False:
            raise Amiss("what is computed is not required of anybody: take out `required`")
        if self.keep and self.show is True and self.enable is True:
            raise Amiss("keep says what becomes of an answer that `show` or `enable` takes away; without them leave it out")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise Amiss("min is larger than max")
        return self

    @property
    def look(self) -> str:
        """How it looks; empty where its type looks one way only."""
        return self.as_ or next(iter(LOOKS.get(getattr(self, "type", ""), ("",))))


class SimpleField(FieldOf):
    """A field with one answer."""

    type: SimpleType


class GroupField(FieldOf):
    """Fields that are filled in several times, as a list."""

    type: Literal["group"]
    repeat: Annotated[Repeat, BeforeValidator(_as_repeat)]
    fields: list[SimpleField] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _keysmust_differ(self) -> GroupField:
        must_differ([field.key for field in self.fields])
        return self


class ShownField(FieldOf):
    """What is shown between the fields and asks for nothing: a heading, a text, an image. `label` is what it says."""

    type: Literal["heading", "note", "image"]
    key: str = Field(default="", pattern=r"^$", description="nothing is answered, so there is no key")
    image: str = Field(
        default="",
        max_length=400_000,
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*\.(png|jpg|jpeg)|data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+)?$",
        description="a PNG or JPEG file beside the procedure; published as a data URL. `label` says what can be seen on it",
    )

    @model_validator(mode="after")
    def _asks_nothing(self) -> ShownField:
        if self.required is not False or self.value is not None:
            raise Amiss("what is only shown cannot be required or computed")
        if (self.type == "image") != bool(self.image):
            raise Amiss("an image needs `image`, and nothing else has it")
        return self


FormField = Annotated[SimpleField | GroupField | ShownField, Field(discriminator="type")]
