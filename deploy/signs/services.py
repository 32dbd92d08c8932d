"""How the services and their workers are, with the storage, the scanner and the channels that they know of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from deploy.signs.health import Health
from deploy.signs.sign import Kind, Runbook, Sign, size
from shared.bus import canary
from shared.i18n import message

if TYPE_CHECKING:
    from sqlmodel import Session

CANARY = 180.0  # seconds after which the canary of each minute should have been answered
SIGNATURES = timedelta(days=3)
LEAST_ROOM = 0.1  # of the storage; below a third of it, files are soon refused
SERVICES = ("intake", "review", "notify", "opendata")
POST = message("The post")
PARTS = {
    "database": message("Database"),
    "broker": message("Broker"),
    "storage": message("Storage of files"),
    "scanner": message("Virus scanner"),
    "messages": message("Messages wait too long"),
}
PART_RUNBOOKS: dict[str, Runbook] = {
    "database": "database",
    "broker": "broker",
    "storage": "storage",
    "scanner": "signatures",
    "messages": "messages-late",
}


def services(told: list[Health] | None) -> Iterator[Sign]:
    """How the services are by their own word, with the storage, the scanner and the channels that they know of."""
    if told is None:
        text_ = message("The services' health does not answer")
        yield Sign("services", message("Services"), "bad", text_, runbook="service-down")
        return
    for one in told:
        if one.status == "ok":
            yield Sign("services", one.service, "good", message("Well"))
        elif one.status == "down":
            yield Sign("services", one.service, "bad", message("Down"), runbook="service-down")
        for part in one.ill:
            if part == "deliveries":  # work.work says which
                continue
            name = PARTS.get(part, part)
            text_ = message("{service}: {part} is not well")
            runbook: Runbook = PART_RUNBOOKS.get(part, "service-down")
            href = "/notify/operating" if part == "messages" else ""
            yield Sign("services", one.service, "bad", text_, {"service": one.service, "part": name}, runbook, href)
        yield from _storage(one.parts.get("storage", {}))
        yield from _scanner(one.parts.get("scanner", {}))
        yield from _channels(one.parts.get("messages", {}))


def _storage(told: dict[str, Any]) -> Iterator[Sign]:
    if "free_bytes" not in told:
        return
    share = told["free_bytes"] / (told["bytes"] or 1)
    kind: Kind = "good" if share > LEAST_ROOM else "mend" if share > LEAST_ROOM / 3 else "bad"
    says = {"free": size(told["free_bytes"]), "share": round(100 * share)}
    yield Sign("files", PARTS["storage"], kind, message("{free} of the storage are free ({share} %)"), says, "storage")


def _scanner(told: dict[str, Any]) -> Iterator[Sign]:
    if not told:
        return
    if not told.get("scanning"):
        text_ = message("Files are not scanned for viruses: no scanner is set up")
        yield Sign("files", PARTS["scanner"], "mend", text_, runbook="signatures")
        return
    newest = told.get("signatures_of")
    if newest is None:
        text_ = message("The scanner does not say how old its signatures are")
        yield Sign("files", PARTS["scanner"], "mend", text_, runbook="signatures")
        return
    at = datetime.fromisoformat(newest)
    kind: Kind = "good" if datetime.now(UTC) - at < SIGNATURES else "bad"
    yield Sign("files", PARTS["scanner"], kind, message("Virus signatures of {at}"), {"at": at}, "signatures")


def _channels(told: dict[str, Any]) -> Iterator[Sign]:
    if held := told.get("held"):
        text_, href = message("Messages of which nobody knows whether they were sent: {count}"), "/notify/messages?state=unknown"
        yield Sign("work", POST, "mend", text_, {"count": held}, "messages-unknown", href)
    for channel in told.get("stopped", ()):
        text_ = message("The channel {channel} of the post is stopped")
        yield Sign("work", POST, "mend", text_, {"channel": channel}, "messages-late", "/notify/operating")


def canaries(session: Session) -> Iterator[Sign]:
    """Whether the worker of each service answers: how old the newest canary is that it heard."""
    for service in SERVICES:
        age, took = canary.answered(session, service)
        part, values = f"{service} worker", {"service": service}
        if age > CANARY:
            text_ = message("The worker of {service} has heard no canary for {age}")
            yield Sign("services", part, "bad", text_, values | {"age": age}, "canary-late", "/console/schedules")
        elif took is None:
            text_ = message("The worker of {service} has heard no canary yet")
            yield Sign("services", part, "mend", text_, values, "canary-late")
        else:
            yield Sign("services", part, "good", message("The worker of {service} answers"), values)
