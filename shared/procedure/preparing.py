"""What people want to know before they start: what to have at hand, how long it takes, until when, what it costs."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from shared.procedure.amiss import Amiss
from shared.procedure.fields import Label, Written

_MINUTES = {"minutes": 1, "hours": 60}


class Document(Written):
    """A document or fact to have at hand. `needed` says for whom or when, where not everybody needs it."""

    title: Label
    needed: Label | None = None
    help: Label | None = None


class Takes(Written):
    """How long most people need to fill the form in, with everything at hand."""

    minutes: int = Field(ge=1, le=24 * 60)


def _as_takes(value: Any) -> Any:
    found = re.fullmatch(r"(\d{1,4}) (minutes|hours)", value) if isinstance(value, str) else None
    if isinstance(value, str) and not found:
        raise Amiss("write `40 minutes` or `2 hours`")
    return {"minutes": int(found[1]) * _MINUTES[found[2]]} if found else value


class Preparing(Written):
    """The part of a procedure that its page in the catalogue shows first."""

    keywords: list[Label] = Field(
        default_factory=list, max_length=30, description="words people look for that stand in no other text: 補助金, PSE"
    )
    law_url: str = Field(
        default="", pattern=r"^(https://[^\s\"<>]{3,300})?$", description="where the law can be read, such as at laws.e-gov.go.jp"
    )
    documents: list[Document] = Field(default_factory=list, max_length=50, description="what to have at hand")
    takes: Annotated[Takes, BeforeValidator(_as_takes)] | None = Field(default=None, description="such as `40 minutes`")
    deadline: Label | None = Field(default=None, description="until when to apply, as the law has it")
    fee: Label | None = Field(default=None, description="手数料; 無料 where there is none")
    decides: Label | None = Field(default=None, description="who decides, or takes the notification")
