"""The demo's client: a system that sends messages by the API of GOV.UK Notify, with a live key and two templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlmodel import Session

NAME = "デモの予約システム"
KEY = "demo"
BY = "demo"
TEXTS = {
    "email": (
        "予約の確認",
        "ご予約の確認（((number))）",
        "((name)) 様\n\n# ご予約を承りました\n\n予約番号：((number))\n\n変更は前日までに[予約のページ](https://yoyaku.example/)からお願いします。",
    ),
    "sms": ("予約の前日", "", "((name)) 様 ご予約（((number))）は明日です。"),
}


def make_client(session: Session, secret_key: SecretStr) -> str:
    """The client with its templates, made where they are missing. Returns its live key. Can be run again."""
    from sqlmodel import select

    from services.notify.clients import clients, keys, templates
    from services.notify.models import Client

    client = session.exec(select(Client).where(Client.name == NAME)).first() or clients.add_client(session, NAME)
    key = next((one for one in keys.keys_of(session, client.id) if one.name == KEY and not one.revoked_at), None)
    if key is None:
        key = keys.add_key(session, client, KEY, "normal", BY)
    known = {one.channel for one, _ in templates.all_of_client(session, client.id)}
    for channel, (name, subject, body) in TEXTS.items():
        if channel not in known:
            templates.add_template(session, client, channel, name=name, subject=subject, body=body, by=BY)
    return keys.spoken(secret_key, key)
