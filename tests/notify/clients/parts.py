"""A client of the post, its keys and its templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from notifications_python_client import NotificationsAPIClient
from notifications_python_client.errors import HTTPError
from pydantic import SecretStr

from services.notify.clients import clients, keys, templates
from services.notify.clients.keys import KeyType
from services.notify.models import Client, Template
from tests.site import Site

WELCOME = "こんにちは ((name)) さん。受付番号は ((number)) です。"


@dataclass
class Office:
    """A client, with what it needs to send."""

    site: Site
    url: str
    name: str
    id: UUID
    templates: dict[str, UUID] = field(default_factory=dict)

    @classmethod
    def opened(cls, site: Site, url: str, name: str = "建築課", *, trial: bool = False) -> Office:
        """A new client with a template of each kind."""
        with site.session("notify") as session:
            client = clients.add_client(session, name, trial=trial)
            made = {
                channel: templates.add_template(
                    session, client, channel, name=channel, subject="お知らせ ((number))", body=WELCOME, by="運用 次郎"
                )[0].id
                for channel in ("email", "sms", "letter")
            }
            office = cls(site, url, name, client.id, made)
            session.commit()
            return office

    def key(self, kind: KeyType = "normal") -> str:
        """A new key."""
        with self.site.session("notify") as session:
            client = session.get_one(Client, self.id)
            made = keys.add_key(session, client, kind, kind, "運用 次郎")
            session.commit()
            return keys.spoken(SecretStr(self.site.environment["MADOGUCHI_SECRET_KEY"]), made)

    def client(self, kind: KeyType = "normal") -> NotificationsAPIClient:
        """The published client with a new key."""
        return NotificationsAPIClient(self.key(kind), base_url=f"{self.url}/")

    def change(self, **values: Any) -> None:
        """Change the client."""
        with self.site.session("notify") as session:
            client = session.get_one(Client, self.id)
            for name, value in values.items():
                setattr(client, name, value)
            session.commit()

    def revoke_all(self) -> None:
        """End every key."""
        with self.site.session("notify") as session:
            for key in keys.keys_of(session, self.id):
                keys.revoke(session, self.id, key.id)
            session.commit()

    def version(self, kind: str, body: str, subject: str = "") -> int:
        """A new version of a template."""
        with self.site.session("notify") as session:
            made = templates.revise(session, session.get_one(Template, self.templates[kind]), subject, body, "運用 次郎")
            session.commit()
            return made.version


def refusal(error: HTTPError) -> tuple[int, str, str]:
    """Status, kind and text of the one thing that was wrong."""
    (one,) = error.message
    assert isinstance(one, dict)
    assert error.response is not None
    assert error.response.json()["status_code"] == error.status_code
    return error.status_code, one["error"], one["message"]
