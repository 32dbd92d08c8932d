"""By which channels somebody is told, and when: what the law, the office and he himself say, put together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from services.notify.models import Channel, Preference
from shared.i18n import JST, message

# What is offered where the procedure says nothing.
ELECTRONIC: tuple[Channel, ...] = ("inbox", "email", "sms")
EVERYTHING = frozenset({*ELECTRONIC, "letter"})
NO_CONSENT = message("He does not agree to electronic notices, and no letter can be made: send it on paper")


@dataclass(frozen=True)
class Way:
    """One way to somebody. `at`: not before. `digest`: with others in one message. `why_not`: nothing goes out, and why."""

    channel: Channel
    recipient: str
    at: datetime | None = None
    digest: bool = False
    why_not: str = ""


def ways(
    email: str,
    wish: Preference | None,
    now: datetime,
    *,
    official: bool,
    urgent: bool = False,
    by_law: bool = False,
    by_post: bool = False,
    offered: Sequence[Channel] = ELECTRONIC,
    carried: Collection[str] = EVERYTHING,
) -> list[Way]:
    """The ways to somebody, at least one.

    `urgent`: he asked for it and waits, so it goes to his address at once, whatever else he wishes. `by_law`: a notice that the
    law wants given, which waits for the end of quiet hours and for nothing else. An applicant who does not agree to electronic
    notices (デジタル手続法7条1項), all or (`by_post`) that of this disposition, gets a letter; an official is told at his
    desk, and needs no consent. `carried` is what this site has carriers for.
    """
    if urgent:
        return [Way("email", email)]
    if not official and (by_post or (wish is not None and not wish.electronic)):
        letter = _letter(wish, carried) if wish else None
        if letter:
            return [letter]
        # beside what is written down here, a mail may tell that the notice comes by post
        return [Way("letter" if by_post else "email", email, why_not=NO_CONSENT)]
    found = [Way("inbox", email)] if official and "inbox" in offered else []
    at = quiet_until(wish, now)
    chosen = wish.channels if wish else ["email"]
    if wish is not None and wish.phone and "sms" in chosen and "sms" in offered and "sms" in carried:
        found.append(Way("sms", wish.phone, at))
    if "letter" in offered and wish is not None and not official and (letter := _letter(wish, carried)):
        found.append(letter)
    if ("email" in chosen and "email" in offered) or not found:
        digest = wish.digest_at if wish and official and not by_law else None
        found.append(Way("email", email, next_time(digest, now), digest=True) if digest else Way("email", email, at))
    return found


def _letter(wish: Preference, carried: Collection[str]) -> Way | None:
    return Way("letter", "\n".join(wish.postal_address)) if wish.postal_address and "letter" in carried else None


def quiet_until(wish: Preference | None, now: datetime) -> datetime | None:
    """The end of the quiet hours somebody is in, if he is in any. They may go over midnight."""
    if wish is None or wish.quiet_from is None or wish.quiet_to is None:
        return None
    clock = now.astimezone(JST).time()
    begun, ended = clock >= wish.quiet_from, clock < wish.quiet_to
    is_quiet = (begun and ended) if wish.quiet_from < wish.quiet_to else (begun or ended)
    return next_time(wish.quiet_to, now) if is_quiet else None


def next_time(clock: time, now: datetime) -> datetime:
    """When Japan's clocks show this time next."""
    local = now.astimezone(JST)
    today = local.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)
