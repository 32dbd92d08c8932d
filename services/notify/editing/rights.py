"""Who may edit texts: operators all of them, managers and editors of a group those of the procedures that go there.

Whoever is neither sees nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session, select

from services.notify.models import Message, Procedure
from shared.i18n import message
from shared.identity.callers import Caller
from shared.identity.duties import EVERY_PROCEDURE
from shared.operation.acts import Operator
from shared.problems import Forbidden
from shared.procedure.reviewing import MANAGER

EDITOR = "editor"
_DUTIES = text("""select "group", procedure from identity.duty_of where account_id = :account and role = any(:roles)""")


@dataclass(frozen=True)
class Editor:
    """Whose texts somebody may edit: of procedures and groups, or all."""

    who: Operator
    everything: bool
    procedures: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def may_edit(self, procedure: str) -> bool:
        """Whether he may edit the texts of a procedure; '' is for all of them."""
        return self.everything or procedure in self.procedures

    def must_edit(self, procedure: str) -> None:
        """Raises Forbidden."""
        if not self.may_edit(procedure):
            raise Forbidden(message("Only operators, and managers or editors of its group, edit the texts of this procedure"))

    def must_head(self, group: str) -> None:
        """Whether the letterhead of a group is his to edit. Raises Forbidden."""
        if not (self.everything or group in self.groups):
            raise Forbidden(message("Only operators, and managers or editors of this group, edit its letterhead"))

    def may_see(self, one: Message) -> bool:
        """Whether a message's own values may be shown to him: of his procedures, and told by his groups."""
        if one.client_id is not None:
            return False
        return self.everything or (one.procedure_id in self.procedures and one.office in self.groups)


def editor(session: Session, caller: Caller) -> Editor:
    """What the caller may edit. Raises Forbidden for who may edit nothing."""
    if caller.role == "operator":
        return Editor(Operator.at_the_pages(caller), everything=True)
    duties = []
    if caller.role == "reviewer":
        duties = [tuple(row) for row in session.execute(_DUTIES, {"account": caller.account_id, "roles": [MANAGER, EDITOR]})]
    if not duties:
        raise Forbidden(message("Only operators, and managers or editors of a group, edit texts"))
    whole = {group for group, procedure in duties if procedure == EVERY_PROCEDURE}
    named = {procedure for _, procedure in duties if procedure != EVERY_PROCEDURE}
    going = {one.id for one in session.exec(select(Procedure)) if whole & set(one.groups)}
    return Editor(Operator.at_the_pages(caller), everything=False, procedures=frozenset(named | going), groups=frozenset(whole))
