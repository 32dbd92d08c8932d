"""Who may file a procedure: members that may write, organisations of the right kind, and known well enough."""

from __future__ import annotations

from shared.i18n import message
from shared.identity.callers import Caller, must_write
from shared.problems import Forbidden
from shared.procedure.model import Procedure, SignIn

# What is needed, as people read it (shared.procedure.model.Procedure.sign_in).
SIGN_INS: dict[SignIn, str] = {
    "any": message("Any sign-in"),
    "entry": message("GビズID (エントリー, プライム or メンバー), or a verified organisation"),
    "prime": message("GビズID (プライム or メンバー), or a verified organisation"),
}


def must_be_entitled(caller: Caller, procedure: Procedure) -> None:
    """Whether the caller, as he acts, may write drafts of a procedure and file it. Raises Forbidden, saying what to do."""
    must_write(caller)
    if caller.organisation_id is None or caller.organisation_kind not in procedure.applicants:
        raise Forbidden("This procedure is for {kinds}", kinds=", ".join(procedure.applicants))
    if not assured(caller.organisation_verified, caller.standing, procedure.sign_in):
        raise Forbidden(_TO_DO[procedure.sign_in])
    if caller.agent is not None and not assured(caller.agent.verified, caller.agent.standing, procedure.sign_in):
        raise Forbidden("For this procedure an agent has to be known too. Sign in with GビズID, or have an operator verify you")


_TO_DO: dict[SignIn, str] = {
    "entry": message(
        "This procedure needs a sign-in with GビズID. Sign in with GビズID, or have an operator verify your organisation"
    ),
    "prime": message(
        "This procedure is for verified organisations. Sign in with GビズIDプライム or メンバー, or have an operator verify yours"
    ),
}


def assured(verified: bool, standing: str, needed: SignIn) -> bool:  # noqa: FBT001 - as a caller has them
    """Whether an organisation, with the GビズID account of whoever acts for it, is known well enough."""
    return needed == "any" or verified or (needed == "entry" and bool(standing))
