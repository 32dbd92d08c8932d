"""Which service answers which paths: one map for the gateway of one machine and, as nginx's `map`, for that of the containers."""

from __future__ import annotations

import re

# First parts of a path (one or two of them) → who answers. What nobody claims is the counter's, which also says 404.
PATHS: dict[str, str] = {
    "/": "intake",
    "/v1/procedures": "intake",
    "/v1/applications": "intake",
    "/v1/notices": "intake",
    "/v1/mandates": "intake",
    "/v1/organisation": "intake",
    "/organisation": "intake",
    "/register": "intake",
    "/v1/attachments": "intake",
    "/sign-in": "intake",
    "/docs/intake": "intake",
    "/v1/cases": "review",
    "/v1/jobs": "review",
    "/v1/assignments": "review",
    "/v1/absences": "review",
    "/v1/conflicts": "review",
    "/desk": "review",
    "/v1/documents": "review",
    "/verify": "review",
    "/v1/verifications": "review",
    "/opinions": "review",
    "/docs/review": "review",
    "/v1/messages": "notify",
    "/v1/preferences": "notify",
    "/v1/inbox": "notify",
    "/v1/templates": "notify",
    "/v1/letterheads": "notify",
    "/v1/webhooks": "notify",
    "/v1/letters": "notify",
    "/v1/channels": "notify",
    "/notify": "notify",
    # Where the clients of GOV.UK Notify go that take no path in an address (services/notify/clients).
    "/v2/notifications": "notify",
    "/v2/template": "notify",
    "/v2/templates": "notify",
    "/v2/received-text-messages": "notify",
    "/service": "notify",
    "/docs/notify": "notify",
    "/v1/corporations": "opendata",
    "/v1/statistics": "opendata",
    "/hojin": "opendata",
    "/data": "opendata",
    "/docs/opendata": "opendata",
    "/console": "console",
}
SERVICES = ("intake", "review", "notify", "opendata")


def as_nginx() -> str:
    """The map as nginx reads it: the longest claim wins, and a claim covers whole parts of a path only."""
    lines = [f"  ~^{re.escape(path)}(/|$) {name};" for path, name in sorted(PATHS.items(), key=_longest_first) if path != "/"]
    return "\n".join(["map $uri $service {", f"  default {PATHS['/']};", *lines, "}", ""])


def _longest_first(claim: tuple[str, str]) -> tuple[int, str]:
    return -claim[0].count("/"), claim[0]


if __name__ == "__main__":
    print(as_nginx(), end="")
