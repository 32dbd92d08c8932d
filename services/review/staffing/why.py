"""Why a case lies where it lies, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.i18n import Language, message, translate
from shared.procedure.model import Procedure
from shared.procedure.reviewing import APPROVER, EXAMINER, MANAGER

# Duties that every group has; those that a procedure names are shown as it names them.
DUTIES = {EXAMINER: message("Examiner"), APPROVER: message("Approver"), MANAGER: message("Manager of the group")}
HOW = {
    "rules": message("By the rules"),
    "taken": message("Taken"),
    "released": message("Given away"),
    "reassigned": message("Given by a manager"),
    "handed-over": message("Handed over"),
    "rebalanced": message("To make loads level"),
    "conflict": message("A conflict of interest was declared"),
}


def why(procedure: Procedure, because: Mapping[str, Any] | None, language: Language) -> list[str]:
    """The rule that brought a case to its office, and how its official was chosen; nothing where that was not kept yet."""
    if not because:
        return []
    said = []
    routes = procedure.review.route
    if because["route"] is not None and because["route"] < len(routes):
        rule = routes[because["route"]]
        text = rule.because.within(language) if rule.because else ""
        route = translate(message("Route {number} of the procedure"), language, number=because["route"] + 1)
        said.append(f"{route}: {text}" if text else route)
    if because["skills"]:
        skills = ", ".join(because["skills"])
        says = message("Needs the skills {skills}") if because["skilled"] else message("Nobody there had the skills {skills}")
        said.append(translate(says, language, skills=skills))
    if because["candidates"] > 1:
        says = message("The least loaded of {count} officials who could have it, with {load} open cases before")
        said.append(translate(says, language, count=because["candidates"], load=because["load"]))
    elif because["candidates"] == 0:
        said.append(translate(message("Nobody could take it"), language))
    return said
