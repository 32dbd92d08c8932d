"""The table: everything that is kept, for how long, and what becomes of it. docs/retention.md is made of it, and a test compares.

Every table of every schema is either in KEPT or in FOR_GOOD (tests/retention/test_table.py).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """A kind of thing that is kept for a time. `days` is the default, or None where the procedure says it by `section`."""

    kinds: tuple[str, ...]
    what: str
    tables: tuple[str, ...]
    counted_from: str
    days: int | None = None
    section: str = ""
    hold: bool = True
    becomes: str = "deleted"

    @property
    def how_long(self) -> str:
        """As people read it."""
        return f"`{self.section}`" if self.section else f"{self.days} days"


_OF_APPLICATIONS = (
    *("intake.application", "intake.step", "intake.revision", "intake.fingerprint", "intake.enclosure", "intake.correction"),
    *("intake.message", "intake.notice", "intake.notice_read", "intake.document"),
)
_OF_CASES = (
    *("review.case", "review.revision", "review.correction", "review.pause", "review.message", "review.document"),
    *("review.step", "review.judgement", "review.score_sheet", "review.proposal", "review.proposal_comment"),
    *("review.file", "review.assignment", "review.finding", "review.finding_grams", "review.note", "review.mention"),
    "review.opinion",
)

KEPT = (
    Kept(
        ("intake.application",),
        "applications, with contents, corrections, messages, notices, documents and files",
        _OF_APPLICATIONS,
        "the decision, withdrawal or return",
        section="decided, withdrawn, returned",
        becomes="as `then` says",
    ),
    Kept(
        ("intake.attachment.filed",),
        "files of decided applications, where they are kept for less time",
        ("intake.attachment",),
        "the decision",
        section="attachments",
    ),
    Kept(("intake.attachment.unfiled",), "files that nobody filed", (), "the sending", days=7),
    Kept(("intake.draft",), "drafts", ("intake.draft",), "the last change", section="drafts"),
    Kept(
        ("intake.trial_filing", "intake.trial_draft", "intake.trial"),
        "test filings; with the end of a trial all that was made in it",
        ("intake.trial_filing", "intake.trial"),
        "the test filing",
        days=30,
        hold=False,
    ),
    Kept(
        ("review.case",),
        "cases, with all that officials wrote and files about them",
        _OF_CASES,
        "the decision or withdrawal",
        section="decided, withdrawn",
        becomes="as `then` says",
    ),
    Kept(("review.file",), "files about a case that nothing has", (), "the sending", days=2),
    Kept(("review.job",), "jobs in bulk, with what came of each case", ("review.job", "review.job_item"), "the asking", days=90),
    Kept(("review.job_file",), "files of exports", ("review.job_file",), "the making", days=7, hold=False),
    Kept(("review.conflict",), "declared conflicts of interest that ended", ("review.conflict",), "the end", days=1095),
    Kept(("review.absence",), "absences of officials", ("review.absence",), "the last day", days=365, hold=False),
    Kept(
        ("review.audit",),
        "the trace of views and acts at the desk; its chain stays",
        ("review.audit_entry", "review.audit_waiting"),
        "the act",
        days=3653,
        hold=False,
    ),
    Kept(
        ("notify.message",),
        "messages about a procedure, with every try to send one",
        ("notify.message", "notify.attempt"),
        "the sending",
        section="mails",
    ),
    Kept(
        ("notify.message.other",),
        "other messages, such as sign-in links, digests and webhooks' payloads",
        (),
        "the sending",
        days=90,
        hold=False,
    ),
    Kept(
        ("notify.message.client",),
        "messages of clients, with their receipts and PDFs",
        ("notify.receipt", "notify.enclosure"),
        "the sending",
        days=90,
        hold=False,
    ),
    Kept(("notify.inbox",), "messages in officials' inboxes", (), "the writing", days=90),
    Kept(("identity.session",), "signed-in browsers", ("identity.session",), "the end", days=1, hold=False),
    Kept(("identity.sign_in_link",), "links to sign in", ("identity.sign_in_link",), "the end", days=7, hold=False),
    Kept(("identity.registration",), "links to register", ("identity.registration",), "the end", days=7, hold=False),
    Kept(
        ("identity.invitation",),
        "invitations that ended or were not used",
        ("identity.invitation",),
        "the end",
        days=90,
        hold=False,
    ),
    Kept(
        ("identity.used_state",), "sign-ins at a provider that came back", ("identity.used_state",), "the end", days=1, hold=False
    ),
    Kept(
        tuple(f"bus.event.{service}" for service in ("intake", "review", "notify", "opendata")),
        "events that everybody has handled; a dead letter is kept until it is discarded",
        ("bus.event", "bus.delivery"),
        "the publishing",
        days=30,
        hold=False,
    ),
    Kept(("operation.run",), "reports of scheduled work", ("operation.run",), "the end", days=1096, hold=False),
)

# Tables that nothing is purged from, each with why.
FOR_GOOD = {
    "intake.procedure": "the catalogue: what was in force when, without personal data",
    "intake.municipality": "public reference data",
    "intake.place": "public reference data",
    "intake.corporation": "public reference data, renewed by imports",
    "intake.purged": "ids of purged applications, so that nothing is made of them again",
    "review.procedure": "the catalogue, as the desk heard of it",
    "review.purged": "ids of purged cases, so that nothing is made of them again",
    "review.leaving": "what is to be deleted in the storage next; emptied as it is done",
    "review.audit_link": "the chain: hashes alone, which prove what is left of the trace",
    "review.document_serial": "the last number of a procedure and year",
    "review.saved_view": "an official's own settings, until he deletes them",
    "notify.procedure": "the catalogue, as the post heard of it",
    "notify.client": "registered systems, until they are archived",
    "notify.client_key": "keys of registered systems, without their secrets",
    "notify.webhook": "registered addresses, until they are taken away",
    "notify.template": "texts that officials wrote",
    "notify.template_version": "texts that officials wrote",
    "notify.letterhead": "texts that officials wrote",
    "notify.channel_pause": "a channel that is stopped at present",
    "notify.preference": "a recipient's own wishes, until he changes them",
    "notify.suppression": "addresses that must not be written to, until somebody lifts it",
    "notify.leaving": "what is to be deleted in the storage next; emptied as it is done",
    "notify.act": "operators' acts at the post of before they stood in operation.act: ids and reasons, without recipients",
    "opendata.procedure": "the catalogue, as the shop window heard of it",
    "opendata.procedure_count": "numbers, without personal data",
    "identity.organisation": "who may file, while the office keeps accounts; ended by operators",
    "identity.account": "who may sign in, while the office keeps accounts; ended by operators",
    "identity.membership": "duties in force",
    "identity.duty": "duties in force",
    "identity.api_key": "keys in force and ended, as hashes: who called under which",
    "identity.mandate": "who could act for whom at what time: it proves filings",
    "identity.federated": "with the account",
    "identity.provider_organisation": "with the organisation",
    "operation.act": "the sealed trace of operators' acts",
    "operation.hold": "what was held and why: the proof of what was kept",
    "operation.switch": "features that are on or off at present",
}


def days(kind: str) -> int:
    """The default of a kind, such as `bus.event`, in days."""
    found = next(one for one in KEPT if any(name == kind or name.startswith(f"{kind}.") for name in one.kinds))
    if found.days is None:
        raise LookupError(f"how long {kind} is kept is the procedures' to say")
    return found.days


def markdown() -> str:
    """Both as tables of docs/retention.md."""
    kept = [
        f"| {one.what} | {one.how_long} | {one.counted_from} | {one.becomes} | {'yes' if one.hold else 'no'} | {_listed(one)} |"
        for one in KEPT
    ]
    good = [f"| `{name}` | {why} |" for name, why in FOR_GOOD.items()]
    return "\n".join(
        [
            "| what | how long | counted from | then | held | kind |",
            "|---|---|---|---|---|---|",
            *kept,
            "",
            "| table | why it is not purged |",
            "|---|---|",
            *good,
            "",
        ]
    )


def _listed(one: Kept) -> str:
    return ", ".join(f"`{kind}`" for kind in one.kinds)
