"""The API and the pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from deploy.one.mailbox.mails import Mail, Mails

TOKYO = ZoneInfo("Asia/Tokyo")
PROBLEM = "application/problem+json"
# Mails are shown as they came: nothing in them may run, load or leave their frame.
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(mails: Mails) -> Starlette:
    """The mailbox's web side over `mails`."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["japan_time"] = _japan_time

    def page(name: str, status: int = 200, **values: object) -> HTMLResponse:
        return HTMLResponse(templates.get_template(name).render(values), status, headers=SAFE)

    async def list_mails(_request: Request) -> Response:
        return JSONResponse(mails.all(), headers=SAFE)

    async def delete_mails(_request: Request) -> Response:
        return JSONResponse({"deleted": mails.delete_all()})

    async def get_mail(request: Request) -> Response:
        mail = mails.get(request.path_params["mail_id"])
        return JSONResponse(mail, headers=SAFE) if mail else _not_found()

    async def get_source(request: Request) -> Response:
        source = mails.source(request.path_params["mail_id"])
        if source is None:
            return _not_found()
        named = {"Content-Disposition": f'attachment; filename="{request.path_params["mail_id"]}.eml"'}
        return Response(source, media_type="message/rfc822", headers=SAFE | named)

    async def show_list(_request: Request) -> Response:
        return page("list.html", mails=mails.all()[::-1])

    async def show_mail(request: Request) -> Response:
        mail = mails.get(request.path_params["mail_id"])
        return page("mail.html", mail=mail) if mail else page("missing.html", 404)

    def get(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
        return Route(path, endpoint, methods=["GET"])

    return Starlette(
        routes=[
            get("/", show_list),
            get("/mails/{mail_id}", show_mail),
            get("/email", list_mails),
            Route("/email/all", delete_mails, methods=["DELETE"]),
            get("/email/{mail_id}", get_mail),
            get("/email/{mail_id}/download", get_source),
        ],
        # Sign-in links lie here. A page of another site must not read them by pointing a name of its own to this machine.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


def _not_found() -> Response:
    problem = {"type": "about:blank", "title": "There is no such mail", "status": 404}
    return JSONResponse(problem, 404, media_type=PROBLEM)


def _japan_time(mail: Mail) -> str:
    return datetime.fromisoformat(mail["time"]).astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S")
