"""The post's worker: what it does when it hears of an event, and the errands that send, one a channel."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from celery import signals
from sqlmodel import Session

from services.notify.bounces.maildir import fetch
from services.notify.channels.email.smtp import SmtpCarrier, domain_of
from services.notify.channels.letters.carrier import LetterCarrier
from services.notify.channels.sms.carrier import SmsCarrier
from services.notify.channels.webhooks.carrier import WebhookCarrier
from services.notify.channels.webhooks.standing import Pace
from services.notify.clients.callbacks import RECEIPTS, call_back_some
from services.notify.messages.hashing import hash_some
from services.notify.models.message import QUEUES
from services.notify.procedures import keep_procedure
from services.notify.retention.purging import HOUSE, service
from services.notify.sealed import walked
from services.notify.sending import pacing
from services.notify.sending.sending import Sender
from services.notify.settings import Settings
from services.notify.telling import digests
from services.notify.telling.telling import POST
from services.notify.telling.telling import tell as tell_people
from services.notify.webhooks.calling import WEBHOOKS, call_webhooks
from services.notify.wording.rendering import Wordings
from shared.bus import canary
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.retention import leaving
from shared.retention.purging import RETENTION_EVERY, purge_some
from shared.sealing.resealing import EVERY as SEALING_EVERY
from shared.sealing.resealing import reseal_politely
from shared.settings import load
from shared.storage import StorageError, storage_at

SEND_EVERY = 4.0
HASH_EVERY = 20.0
BOUNCES_EVERY = 30.0
DIGEST_EVERY = 20.0
RETENTION = "post-retention"
# Webhooks called at a time by one process; each of them gets services.notify.channels.webhooks.standing.QUICKLY_AT_ONCE at most.
CALLS = 12
# Text messages handed over at a time.
TEXTS = 4

log = logging.getLogger(__name__)

settings = load(Settings)
# one connection for the task that runs, one for each sender's recorder, and some for what carriers ask
engine = connect(settings.database_url, name="notify-worker", pool=8)
wordings = Wordings(engine, settings)
pace = Pace()
emails = Sender(
    engine,
    "email",
    [SmtpCarrier(settings, wordings) for _ in range(settings.smtp_connections)],
    pacing.Pace(domain_of, at_once=settings.smtp_domain_connections, per_second=settings.smtp_domain_rate),
)
webhooks = Sender(engine, "webhook", [WebhookCarrier(settings, engine, pace) for _ in range(CALLS)])
texts = Sender(engine, "sms", [SmsCarrier(settings, wordings) for _ in range(TEXTS)])
letters = Sender(engine, "letter", [LetterCarrier(settings, wordings, engine)])


def hash_recipients() -> bool:
    """Let operators find messages by their recipient; whether more wait."""
    return hash_some(engine, settings.secret_key)


def fetch_bounces() -> bool:
    """Take what came back from the folder that is set for it; whether more waits."""
    return settings.bounce_maildir is not None and fetch(engine, settings.secret_key, settings.bounce_maildir)


def call_clients_back() -> bool:
    """Let clients hear how their messages got on; whether more wait."""
    return call_back_some(engine, settings.secret_key)


def tell(session: Session, events: list[Any]) -> None:
    """Write what people and other systems are told of these events."""
    tell_people(session, events, secret_key=settings.secret_key, carried=settings.carried)
    call_webhooks(session, events, secret_key=settings.secret_key, base_url=settings.base_url)


SERVICE = service(settings.inbox_days)


def purge() -> bool:
    """Purge a piece of what is over its time (shared.retention.table), and of what belongs to no service; whether more waits."""
    try:
        left = bool(settings.storage) and leaving.sweep(engine, storage_at(settings.storage), "notify")
    except StorageError as error:
        log.warning("files that nobody wants are still there", extra={"context": {"cause": str(error)}})
        left = False
    return purge_some(engine, SERVICE) or purge_some(engine, HOUSE) or left


def close(**_: Any) -> None:
    """Finish what is under way, on all channels at once."""
    senders = (emails, webhooks, texts, letters)
    with ThreadPoolExecutor(len(senders)) as closing:
        for sender in senders:
            closing.submit(sender.close)


work = Work(
    Post("notify", engine, {"keep_procedure": keep_procedure, "hear_canary": canary.heard, "tell": tell}),
    errands={
        POST: (emails.turn, SEND_EVERY),
        WEBHOOKS: (webhooks.turn, SEND_EVERY),
        RECEIPTS: (call_clients_back, SEND_EVERY),
        QUEUES["sms"]: (texts.turn, SEND_EVERY),
        QUEUES["letter"]: (letters.turn, SEND_EVERY),
        digests.QUEUE: (partial(digests.merge_some, engine, wordings), DIGEST_EVERY),
        RETENTION: (purge, RETENTION_EVERY),
        "post-recipients": (hash_recipients, HASH_EVERY),
        "post-bounces": (fetch_bounces, BOUNCES_EVERY),
        "post-sealing": (partial(reseal_politely, engine, "notify", walked(settings.secret_key)), SEALING_EVERY),
    },
)
signals.worker_process_shutdown.connect(close, weak=False)
app = celery_app("notify", settings.broker_url, work)
