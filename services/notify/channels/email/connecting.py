"""Connections to the SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from services.notify.settings import Settings


def connect(settings: Settings) -> smtplib.SMTP:
    """A connection that is ready to take mails. Raises OSError, SMTPException; nothing stays open then."""
    url = urlsplit(settings.smtp_url.get_secret_value())
    host, name = url.hostname or "localhost", settings.smtp_ehlo or None
    server: smtplib.SMTP
    if url.scheme == "smtps":
        server = smtplib.SMTP_SSL(
            host, url.port or 465, local_hostname=name, timeout=settings.smtp_timeout, context=_context(settings, checked=True)
        )
    else:
        server = smtplib.SMTP(host, url.port or 25, local_hostname=name, timeout=settings.smtp_timeout)
    try:
        server.ehlo_or_helo_if_needed()
        if url.scheme == "smtp":
            _encrypt(server, settings, with_password=bool(url.username))
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _encrypt(server: smtplib.SMTP, settings: Settings, *, with_password: bool) -> None:
    """STARTTLS, as the settings want it. Raises SMTPException where it must be and is not."""
    if settings.smtp_starttls == "none" or (settings.smtp_starttls == "opportunistic" and not server.has_extn("starttls")):
        return
    # It is checked whose certificate that is where there is a password; else any encryption is better than none (RFC 7435).
    server.starttls(context=_context(settings, checked=with_password or settings.smtp_starttls == "required"))
    server.ehlo()


def _context(settings: Settings, *, checked: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.smtp_ca or None)
    if not checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
