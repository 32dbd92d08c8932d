"""What acts, their details, roles and rights are called on the console's pages."""

from __future__ import annotations

from typing import Any

from shared.i18n import Language, message, translate

ROLES = {
    "applicant": message("Applicant"),
    "reviewer": message("Official"),
    "operator": message("Operator"),
    "service": message("Service"),
}
RIGHTS = {"owner": message("Owner"), "file": message("Filing"), "read": message("Reading")}
DUTIES = {"examiner": message("Examiner"), "approver": message("Approver"), "manager": message("Manager of the group")}
# What the names of an act's details are called; any other is shown as it was noted.
_NAMES = {
    "account": message("Account"),
    "channel": message("Channel"),
    "count": message("How many"),
    "daily": message("A day"),
    "a_minute": message("A minute"),
    "deliveries": message("Deliveries"),
    "duties": message("Duties"),
    "file": message("File"),
    "group": message("Group"),
    "key": message("Key"),
    "kind": message("Kind"),
    "moved": message("Moved to the organisation that has the number"),
    "prefix": message("Key"),
    "procedure": message("Procedure"),
    "recipients": message("Recipients"),
    "rights": message("Rights"),
    "role": message("Role"),
    "rows": message("Rows"),
    "sessions": message("Browsers signed in"),
    "skills": message("Skills"),
    "subscriber": message("Who hears it"),
    "subscribers": message("Who hears it"),
    "takes_cases": message("Gets new cases"),
    "template": message("Template"),
    "trial": message("For trial"),
    "type": message("Event"),
    "version": message("Version"),
    "was": message("Before"),
    "what": message("What"),
}
_VALUES = {"role": ROLES, "was": ROLES, "rights": RIGHTS, "duties": DUTIES, "procedure": {"*": message("in all procedures")}}
LONGEST = 40


def details(noted: dict[str, Any], language: Language) -> list[str]:
    """The details of an act, one a line."""
    lines = []
    for name, value in noted.items():
        several = value if isinstance(value, list) else [value]
        said = translate(", ", language).join(_said(name, one, language) for one in several)
        said = said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
        lines.append(f"{translate(_NAMES.get(name, name), language)}{translate(': ', language)}{said}")
    return lines


def _said(name: str, value: Any, language: Language) -> str:
    if isinstance(value, bool):
        return translate("Yes" if value else "No", language)
    return translate(_VALUES.get(name, {}).get(str(value), str(value)), language)
