"""What acts are called for people. One that has no name here yet is shown by its own."""

from __future__ import annotations

from shared.i18n import message

ACTS = {
    "attachment.fetched": message("Fetched an attached file"),
    "case.arrived": message("Opened the case as it arrived"),
    "case.ask-correction": message("Asked for a correction"),
    "case.ask-opinion": message("Asked for an opinion"),
    "case.assigned": message("Gave the case to an official, or to nobody"),
    "case.close-correction": message("Closed a correction"),
    "case.comment": message("Wrote a comment"),
    "case.corrected": message("Took what the applicant mended"),
    "case.decide": message("Decided"),
    "case.declare-conflict": message("Declared a conflict of interest of an official"),
    "case.delete-note": message("Deleted an internal note"),
    "case.edit-entry": message("Changed entries"),
    "case.edit-note": message("Changed an internal note"),
    "case.extend-correction": message("Gave more time for a correction"),
    "case.handover": message("Handed the case over with all of an official"),
    "case.judge": message("Judged criteria"),
    "case.lapsed": message("Noted that the last day of a correction passed"),
    "case.pass": message("Passed the case on"),
    "case.preview-document": message("Looked at a document before issuing it"),
    "case.propose": message("Proposed a decision"),
    "case.reassign": message("Gave the case to another official"),
    "case.rebalance": message("Gave the case to another official to make loads level"),
    "case.reissue-document": message("Issued a document again"),
    "case.release": message("Gave the case away"),
    "case.reminded": message("Reminded the applicant of a correction"),
    "case.revoke-document": message("Revoked a document"),
    "case.score": message("Gave marks"),
    "case.send-back": message("Sent the case back to an earlier stage"),
    "case.send-document": message("Sent a document on paper"),
    "case.shown": message("Looked at the case"),
    "case.take": message("Took the case"),
    "case.withdraw-opinion": message("Took back the question for an opinion"),
    "case.withdrawn": message("Closed the case as it was withdrawn"),
    "case.write-message": message("Wrote to the applicant"),
    "case.write-note": message("Wrote an internal note"),
    "conflict.declared": message("Declared a conflict of interest"),
    "document.fetched": message("Noted that the applicant fetched a document"),
    "document.shown": message("Looked at a document"),
    "documents.to-send": message("Looked at the documents to be sent on paper"),
    "file.fetched": message("Fetched a file of the desk"),
    "file.sent": message("Sent a file about the case"),
    "message.taken": message("Took a message of the applicant"),
    "opinion.answered": message("Gave an opinion"),
    "opinion.attachment-fetched": message("Fetched a file for an opinion"),
    "opinion.closed": message("Closed the question for an opinion, as the case ended"),
    "opinion.expired": message("Noted that the last day of an opinion passed"),
    "opinion.reminded": message("Reminded of an opinion"),
    "opinion.shown": message("Looked at what was chosen for an opinion"),
}


def named(act: str) -> str:
    """An act's name, as a message id."""
    return ACTS.get(act, act)
