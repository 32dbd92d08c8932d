"""What clients send, and what is wrong with it in the words of GOV.UK Notify."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from services.notify.clients.refusals import Refusal, invalid
from services.notify.recipients.phones import e164
from services.notify.wording.language import name_key
from shared.validation import EMAIL

MOST_VALUES = 500
MOST_SHOWN = 100
POSTAGES = ("first", "second", "economy", "europe", "rest-of-world")
AHEAD = timedelta(hours=24)

_ADDRESS = re.compile(r"(?:\b[a-z][a-z0-9+.-]*://|\bwww\.)[^\s<>]+", re.IGNORECASE)
# Numbers that nothing is sent to (services.notify.clients.notifications): they are none in Japan.
_TRIED = re.compile(r"\+?(44|0)7700900[0-9]{3}")
# Half of a pair of surrogates, which is no character.
_HALF = re.compile("[\ud800-\udfff]")
_MOST_NUMBER = 2**63
_WRONG = {
    "missing": "{field} is a required property",
    "string_type": "{field} {value} is not of type string",
    "dict_type": "{field} {value} is not of type object",
    "list_type": "{field} {value} is not of type array",
    "model_attributes_type": "{value} is not of type object",
    "model_type": "{value} is not of type object",
    "uuid_parsing": "{field} is not a valid UUID",
    "uuid_type": "{field} is not a valid UUID",
    "string_too_long": "{field} {value} is too long",
    "extra_forbidden": "Additional properties are not allowed ({field} was unexpected)",
}


def _email(address: str) -> str:
    address = address.strip()
    if len(address) > 254 or not re.fullmatch(EMAIL, address):  # noqa: PLR2004 - RFC 5321 section 4.5.3.1.3
        raise ValueError("Not a valid email address")
    return address


def _phone(number: str) -> str:
    number = re.sub(r"[\s().\u2010-\u2015\u30fc-]", "", unicodedata.normalize("NFKC", number))
    digits = number.removeprefix("+")
    if not re.fullmatch(r"[0-9]*", digits):
        raise ValueError("Must not contain letters or symbols")
    if len(digits) < 8:  # noqa: PLR2004 - shorter ones are not reached by text messages
        raise ValueError("Not enough digits")
    if len(digits) > 15:  # noqa: PLR2004 - E.164 section 6.2.1
        raise ValueError("Too many digits")
    if not _TRIED.fullmatch(number):
        try:
            e164(number)
        except ValueError:
            raise ValueError("Not a valid phone number") from None
    return number


def _https(url: str) -> str:
    if not re.fullmatch(r"https://[^\s/\x00-\x1f\x7f<>\"]+(/[^\s\x00-\x1f\x7f<>\"]*)?", url) or not url.isascii():
        raise ValueError("is not a valid https url")
    return url


def _soon(at: datetime | None) -> datetime | None:
    if at is None:
        return at
    now = datetime.now(UTC)
    if at < now:
        raise ValueError("datetime can not be in the past")
    if at > now + AHEAD:
        raise ValueError("datetime can only be 24 hours in the future")
    return at


def _utc(at: Any) -> Any:
    return f"{at}Z" if isinstance(at, str) and re.fullmatch(r"[0-9-]{10}[T ][0-9:.]+", at) else at


def _values(values: dict[str, Any]) -> dict[str, Any]:
    if len(values) > MOST_VALUES:
        raise ValueError(f"has more than {MOST_VALUES} properties")
    for name, value in values.items():
        every = [name, *(value if isinstance(value, list) else [value])]
        if isinstance(value, dict) and "file" in value:
            raise ValueError("Send files by email has not been set up")
        if any("\0" in str(one) for one in every):
            raise ValueError("must not contain the null character")
        if not all(one is None or _is_plain(one) for one in every):
            raise ValueError(f"{name!a} must be a text, a number, true or false, or a list of them")
    return values


def _is_plain(value: Any) -> bool:
    """Whether a value can be kept as JSON and read again as it was."""
    if isinstance(value, str):
        return not _HALF.search(value)
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < _MOST_NUMBER


def _plain(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain the null character")
    return text


def _postage(postage: str | None) -> str | None:
    if postage not in {None, *POSTAGES}:
        raise ValueError("invalid. It must be either first, second or economy.")
    return postage


Values = Annotated[dict[str, Any], AfterValidator(_values)]
Reference = Annotated[str | None, Field(max_length=1000), AfterValidator(lambda text: text if text is None else _plain(text))]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")

    template_id: UUID
    personalisation: Values = Field(default_factory=dict)
    reference: Reference = None


class EmailIn(_Written):
    """A mail to send."""

    email_address: Annotated[str, AfterValidator(_email)]
    email_reply_to_id: UUID | None = None
    one_click_unsubscribe_url: Annotated[str | None, AfterValidator(lambda url: url if url is None else _https(url))] = None
    sanitise_content_for: list[str] = Field(default_factory=list, max_length=MOST_VALUES)
    scheduled_for: Annotated[AwareDatetime | None, BeforeValidator(_utc), AfterValidator(_soon)] = None


class SmsIn(_Written):
    """A text message to send."""

    phone_number: Annotated[str, AfterValidator(_phone)]
    sms_sender_id: UUID | None = None
    scheduled_for: Annotated[AwareDatetime | None, BeforeValidator(_utc), AfterValidator(_soon)] = None


class LetterIn(_Written):
    """A letter to send; the address is in its values."""

    personalisation: Values


class PrecompiledIn(BaseModel):
    """A letter that its client made itself."""

    model_config = ConfigDict(extra="forbid")

    reference: Annotated[str, Field(max_length=1000), AfterValidator(_plain)]
    content: str
    postage: Annotated[str | None, AfterValidator(_postage)] = None


class PreviewIn(BaseModel):
    """What to fill a template with, to look at it."""

    model_config = ConfigDict(extra="ignore")

    personalisation: Values = Field(default_factory=dict)


def without_addresses(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The values, with web addresses taken out of those that are named; mail programs make links of them. Markdown in values
    is text anyway.
    """
    wanted = {name_key(name) for name in names}

    def clean(value: Any) -> Any:
        if isinstance(value, list):
            return [clean(one) for one in value]
        return _ADDRESS.sub("", value) if isinstance(value, str) else value

    return {name: clean(value) if name_key(name) in wanted else value for name, value in values.items()}


def refused(errors: Iterable[Mapping[str, Any]]) -> Refusal:
    """Pydantic's errors as the refusal that clients know."""
    texts = [_said(error) for error in errors]
    if any(error == "Invalid JSON supplied in POST data" for error in texts):
        return Refusal(400, "BadRequestError", "Invalid JSON supplied in POST data")
    return invalid(*texts)


def _said(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return "Invalid JSON supplied in POST data"
    path = [str(step) for step in error["loc"] if step not in {"body", "query", "path"}]
    field = path[0] if path else ""
    if error["type"] == "value_error":
        return f"{field} {error['ctx']['error']}".strip()
    if error["type"].startswith("datetime") or error["type"].startswith("timezone"):
        return f"{field} datetime format is invalid. It must be a valid ISO8601 date time format"
    value = str(error.get("input", ""))[:MOST_SHOWN]
    return _WRONG.get(error["type"], "{field} is not valid").format(field=field, value=value).strip()
