"""The tables of the post: a module a noun."""

from services.notify.models.acts import Act
from services.notify.models.base import NotifyRecord
from services.notify.models.clients import Client, ClientKey, Webhook
from services.notify.models.message import CHANNELS, STATES, Attempt, Channel, ChannelPause, Message, State
from services.notify.models.procedure import Procedure
from services.notify.models.recipients import Preference, Suppression
from services.notify.models.wording import Letterhead, Template, TemplateVersion

__all__ = [
    "CHANNELS",
    "STATES",
    "Act",
    "Attempt",
    "Channel",
    "ChannelPause",
    "Client",
    "ClientKey",
    "Letterhead",
    "Message",
    "NotifyRecord",
    "Preference",
    "Procedure",
    "State",
    "Suppression",
    "Template",
    "TemplateVersion",
    "Webhook",
]
