"""What each state of a message means in plain words, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from shared.i18n import message


@dataclass(frozen=True)
class Meaning:
    """A state for people: its colour (macro `badge`), its name, what it means, and what to do (empty: nothing)."""

    kind: str
    name: str
    means: str
    to_do: str = ""


STATES: dict[str, Meaning] = {
    "created": Meaning("going", message("Waiting to be sent"), message("It is sent as soon as its channel gets to it.")),
    "deferred": Meaning(
        "mend",
        message("Refused for now"),
        message("The other side did not take it for now. It is tried again by itself, with longer and longer waits."),
        message("Nothing, unless many wait like this: then see what the other side answers."),
    ),
    "sending": Meaning("going", message("Being sent"), message("It is being handed over at this moment.")),
    "sent": Meaning("good", message("Sent"), message("The next server has it. Whether it reached its recipient is not known.")),
    "delivered": Meaning("good", message("Delivered"), message("The recipient has it.")),
    "bounced": Meaning(
        "bad",
        message("Came back"),
        message("The server took it, and later it came back: the address does not exist, or its mailbox is full."),
        message("Ask the recipient for the right address, or tell them otherwise. If the cause is mended, send it again."),
    ),
    "failed": Meaning(
        "bad",
        message("Failed"),
        message("The other side refused it for good, or all tries are used up. It is not tried again by itself."),
        message("See what the other side answered. If the cause is mended, send it again."),
    ),
    "unknown": Meaning(
        "bad",
        message("Unknown whether sent"),
        message(
            "The connection broke, or the sender ended, after the text was handed over and before the server said that it has "
            "it. Nobody can know whether it arrived (RFC 1047), so it is held, and never sent again by itself."
        ),
        message(
            "Look in the other side's log whether it has this message; a mail is found there by its Message-ID. "
            "If it is there, let it count as sent. If it is not, send it again."
        ),
    ),
    "merged": Meaning("good", message("In a digest"), message("It was sent as a part of a digest.")),
    "cancelled": Meaning(
        "bad", message("Cancelled"), message("An operator, or what the recipient wishes, stopped it before it was sent.")
    ),
}

CHANNELS: dict[str, str] = {
    "email": message("E-mail"),
    "sms": message("SMS"),
    "letter": message("By post"),
    "webhook": message("Webhook"),
    "inbox": message("Inbox"),
}
