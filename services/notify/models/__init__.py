"""The tables of the post: a module a noun."""

from services.notify.models.acts import Act
from services.notify.models.base import NotifyRecord
from services.notify.models.clients import Client, ClientKey, Enclosure, Receipt, Webhook
from services.notify.models.leaving import Leaving
from services.notify.models.message import CHANNELS, QUEUES, STATES, Attempt, Channel, ChannelPause, Message, State
from services.notify.models.procedure import Procedure
from services.notify.models.recipients import Preference, Suppression
from services.notify.models.wording import Letterhead, Template, TemplateVersion

__all__ = [
    "CHANNELS",
    "QUEUES",
    "STATES",
    "Act",
    "Attempt",
    "Channel",
    "ChannelPause",
    "Client",
    "ClientKey",
    "Enclosure",
    "Leaving",
    "Letterhead",
    "Message",
    "NotifyRecord",
    "Preference",
    "Procedure",
    "Receipt",
    "State",
    "Suppression",
    "Template",
    "TemplateVersion",
    "Webhook",
]
