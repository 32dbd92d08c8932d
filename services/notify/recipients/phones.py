"""Telephone numbers in the one form that providers take."""

from __future__ import annotations

import unicodedata

import phonenumbers

_HOME = "JP"
_LONGEST = 50


def e164(number: str) -> str:
    """A number as E.164 has it, such as +819012345678; without a country it is one of Japan. Raises ValueError."""
    if len(number) > _LONGEST:
        raise ValueError("this is too long for a telephone number")
    try:
        parsed = phonenumbers.parse(unicodedata.normalize("NFKC", number), _HOME)
    except phonenumbers.NumberParseException as error:
        raise ValueError("this is no telephone number") from error
    if not phonenumbers.is_valid_number(parsed):
        raise ValueError("there is no such telephone number")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
