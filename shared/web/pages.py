"""HTML pages: templates in the reader's language, with the frame that all pages share."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from shared.i18n import LANGUAGES, Language, message, negotiate, show_date, show_time, translate
from shared.identity.callers import Caller, Role
from shared.telemetry import current_traceparent
from shared.web.callers import COOKIE
from shared.web.static import add_static, asset
from shared.web.visitors import SignInFirst, known_visitor, own_forms_only, visitor

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.operation.switches import Switches
    from shared.problems import Problem

LANGUAGE_COOKIE = "madoguchi-lang"
_A_YEAR = 365 * 24 * 3600
_TEMPLATES = Path(__file__).parent / "templates"
_LANGUAGE_NAMES: dict[Language, str] = {"ja": "日本語", "en": "English"}
_ROLES: dict[Role, str] = {
    "applicant": message("Applicant"),
    "reviewer": message("Official"),
    "operator": message("Operator"),
    "service": message("Service"),
}
# path, text, and who sees it (None: everybody)
_NAVIGATION: tuple[tuple[str, str, Role | None], ...] = (
    ("/", message("Procedures"), None),
    ("/applications", message("My applications"), "applicant"),
    ("/drafts", message("Drafts"), "applicant"),
    ("/notices", message("Notices"), "applicant"),
    ("/organisation", message("Organisation"), "applicant"),
    ("/desk", message("Cases"), "reviewer"),
    ("/notify/inbox", message("Inbox"), "reviewer"),
    ("/console", message("Operation"), "operator"),
    ("/notify/operating", message("The post"), "operator"),
    ("/notify/clients", message("Systems that send"), "operator"),
    ("/data", message("Statistics"), None),
)


def pages_router() -> APIRouter:
    """A router for pages: not part of the API, and its forms come from our own pages only."""
    return APIRouter(include_in_schema=False, dependencies=[Depends(own_forms_only)])


def language_of(request: Request) -> Language:
    """The reader's language: `?lang=`, else what was chosen before, else what the browser asks for, else Japanese."""
    wishes = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    return next((known for wish in wishes for known in LANGUAGES if known == wish), None) or negotiate(
        request.headers.get("accept-language")
    )


def over_tls(request: Request) -> bool:
    """Whether people reach this site by https."""
    address: str = request.app.state.settings.base_url
    return address.startswith("https://")


class Pages:
    """The templates of one application, above the shared ones."""

    def __init__(self, *folders: Path) -> None:
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(one) for one in (*folders, _TEMPLATES)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["asset"] = asset

    def show(self, request: Request, template: str, /, *, status: int = 200, **values: Any) -> Response:
        """A template as a page. A page for a signed-in visitor, or at an address that holds a secret, is kept by nobody."""
        caller = visitor(request)
        counted = getattr(request.app.state, "counted", None)
        counts = counted(request, caller) if counted and caller else {}
        switches: Switches | None = getattr(request.app.state, "switches", None)
        closed = switches is not None and not switches.on("filing")
        return self._page(request, template, status, caller, {"counts": counts, "filing_closed": closed, **values})

    def show_problem(self, request: Request, problem: Problem) -> Response:
        """A failure as a page, with the texts that the API has for it. Asks the database nothing."""
        trace = (current_traceparent() or "")[3:35]
        values = {"problem": problem, "trace": trace, "counts": {}, "filing_closed": False}
        return self._page(request, "problem.html", problem.status, known_visitor(request), values)

    def _page(self, request: Request, template: str, status: int, caller: Caller | None, values: dict[str, Any]) -> Response:
        language = language_of(request)
        frame = _frame(request, language, caller)
        response = HTMLResponse(self._environment.get_template(template).render({**frame, **values}), status)
        response.headers["content-language"] = language
        response.headers["vary"] = "cookie, accept-language"
        secret = caller is not None or COOKIE in request.cookies or "secret" in request.query_params
        response.headers["cache-control"] = "no-store" if secret or status >= 400 else "private, no-cache"  # noqa: PLR2004
        if request.query_params.get("lang") == language:
            response.set_cookie(
                LANGUAGE_COOKIE, language, max_age=_A_YEAR, path="/", secure=over_tls(request), httponly=True, samesite="lax"
            )
        return response


def _frame(request: Request, language: Language, caller: Caller | None) -> dict[str, Any]:
    def say(text: str, /, **values: Any) -> str:
        return translate(text, language, **values)

    def day(moment: date | datetime) -> str:
        return show_date(moment, language)

    def moment(when: datetime) -> str:
        return show_time(when, language)

    path = request.scope["path"]
    return {
        "_": say,
        "day": day,
        "moment": moment,
        "language": language,
        "languages": [(code, name, with_query(request, lang=code)) for code, name in _LANGUAGE_NAMES.items()],
        "person": caller,
        "role": say(_ROLES[caller.role]) if caller else "",
        # With a cookie nobody knows (yet), neither “sign in” nor “sign out” would be sure to be true.
        "may_sign_in": caller is None and (COOKIE not in request.cookies or getattr(request.state, "visitor", 0) is None),
        "navigation": [
            (href, say(text), _within(path, href))
            for href, text, role in _NAVIGATION
            if role is None or (caller is not None and caller.role == role)
        ],
        "path": path,
        "here": quote(_here(request), safe=""),
    }


def _within(path: str, section: str) -> bool:
    """Whether a page belongs to a section of the navigation; the list of procedures is the first page."""
    return path == section or path.startswith("/procedures/" if section == "/" else f"{section}/")


def _here(request: Request) -> str:
    """The present page as a local address, for the way back after signing in."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{quote(request.scope['path'])}{query}"


def with_query(request: Request, **changes: Any) -> str:
    """The present page's address with some of its query changed; None takes a part out."""
    query = {name: value for name, value in request.query_params.items() if name not in changes}
    query |= {name: str(value) for name, value in changes.items() if value is not None}
    return f"{quote(request.scope['path'])}?{urlencode(query)}" if query else quote(request.scope["path"])


def prefers_html(accept: str | None) -> bool:
    """Whether an Accept header (RFC 9110 section 12.5.1) likes HTML better than JSON, as browsers do."""
    html = json = wild = 0.0
    for part in (accept or "")[:1000].split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((_number(piece[2:]) for piece in parameters if piece.startswith("q=")), 1.0)
        if kind in {"text/html", "application/xhtml+xml"}:
            html = max(html, quality)
        elif kind in {"application/json", "application/problem+json", "application/*"}:
            json = max(json, quality)
        elif kind == "*/*":
            wild = max(wild, quality)
    return html > max(json, wild if json == 0 else 0.0)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


_own = Pages()


def problem_page(request: Request, problem: Problem) -> Response:
    """A failure as a page, in any application."""
    return _own.show_problem(request, problem)


def install_pages(app: FastAPI) -> None:
    """What every application with pages needs: style sheet and icon, and the way to the sign-in."""
    add_static(app)

    @app.exception_handler(SignInFirst)
    async def on_stranger(request: Request, _: SignInFirst) -> Response:
        return RedirectResponse(f"/sign-in?next={quote(_here(request), safe='')}", 303, {"cache-control": "no-store"})
